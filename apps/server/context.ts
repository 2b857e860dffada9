// What every route is handed.
import type { Logger, Registry, ResumableUploads, System } from "../../mod.ts";
import type { Access, RouteScope } from "./access/access.ts";
import type { OpenVersion } from "./files/opened.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";

/**
 * What every route is handed.
 *
 * What reads leaves the signal of a request alone: under `Deno.serve` it is aborted after answers that arrived too,
 * with a warning on the terminal. Streams that nobody reads any more are cancelled; what is shorter goes on to its end.
 */
export interface ServerContext {
  readonly registry: Registry;
  readonly options: HandlerOptions;
  readonly system: System;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly closing: AbortSignal;
  /** What arrives before it is saved. `Unsupported` for a registry without a store of its own. */
  uploads(): Promise<ResumableUploads>;
  readonly openVersion: OpenVersion;
}

export interface RequestInfo extends HandlerInfo {
  /** What whoever sent it may do. Where the path has a `name`, its route has checked that already. */
  access: Access;
  /** The error of its token, which every route that is not open throws. */
  refusal?: unknown;
  requestId: string;
  route?: string;
  /** Returns the current rights of the sender, for long responses. Absent if the service needs no tokens. */
  renew?: () => Promise<Access>;
  scope?: RouteScope;
}

export interface ServerEnv {
  Bindings: RequestInfo;
}
