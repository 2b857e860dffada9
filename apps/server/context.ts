/**
 * What every route is handed.
 *
 * @module
 */
import type { Logger, Registry, System } from "../../mod.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";

/** What every route is handed. */
export interface ServerContext {
  /** What is served. */
  readonly registry: Registry;
  /** What the handler was created with. */
  readonly options: HandlerOptions;
  /** Clock, randomness, ids and environment. */
  readonly system: System;
  /** Hears of faults. */
  readonly logger: Logger;
  /** Aborted when the handler is closed: ends what would go on for ever. */
  readonly closing: AbortSignal;
}

/** What hono knows of a request. */
export interface ServerEnv {
  /** What the server said of it. */
  Bindings: HandlerInfo;
}
