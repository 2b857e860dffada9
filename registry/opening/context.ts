// What all verbs of one open registry share.
import type { Backend } from "../../core/backend.ts";
import { fault } from "../../core/errors.ts";
import type { Materializers } from "../../core/materializer.ts";
import type { RegistrySettings } from "../../core/record/record.ts";
import type { Logger, Registry, Verify } from "../../core/registry.ts";
import type { System } from "../../core/system.ts";
import type { Executor } from "../../core/executor.ts";
import type { RegistryCache } from "../cache/cache.ts";
import type { PayloadJobs } from "../jobs/kinds.ts";
import type { Announcer } from "./announcer.ts";

export interface Context {
  readonly backend: Backend;
  /** Clock, randomness, ids. */
  readonly system: System;
  readonly logger: Logger;
  readonly materializers: Materializers;
  readonly verify: Verify;
  readonly maxLoadBytes: number;
  readonly readOnly: boolean;
  /** How long an unanswered commit is repeated, milliseconds. */
  readonly retryForMs: number;
  readonly id: string;
  readonly settings: Readonly<RegistrySettings>;
  /** When the settings landed, store time, milliseconds. */
  readonly createdAt: number;
  /** Store time minus own time at the last reply that told it, and what the own clocks said then, milliseconds. */
  clockOffset?: { ms: number; wall: number; monotonic: number };
  /** Keys of records that were found void: once void, always void. */
  readonly voids: Set<string>;
  readonly cache?: RegistryCache;
  readonly announcer?: Announcer;
  readonly executor: Executor<PayloadJobs>;
}

export type OpeningContext = Omit<Context, "id" | "settings" | "createdAt" | "executor"> & {
  settings: Pick<RegistrySettings, "graceMs" | "leastGraceMs">;
};

/** Refuses a write where the registry was opened read-only. */
export function checkWritable(context: Context, action: string): void {
  if (!context.readOnly) return;
  throw fault({
    code: "Denied",
    action,
    state: "the registry was opened read-only",
    hint: "Open it without readOnly to write.",
    backend: context.backend.location,
  });
}

const CONTEXT = Symbol("context");

/** Lets {@linkcode contextOf} find the context of this registry. A copy of the object, such as a wrapper, has none. */
export function rememberContext(registry: Registry, context: Context): void {
  Object.defineProperty(registry, CONTEXT, { value: context });
}

/** The context behind a registry that `openRegistry` opened; undefined for another one, such as a wrapper or a client. */
export function knownContext(registry: Registry): Context | undefined {
  return (registry as { [CONTEXT]?: Context })[CONTEXT];
}

/**
 * The context behind a registry, for what works on its store.
 *
 * @param action what is to be done, for the message: `"collect garbage"`
 * @throws {RegistryError} `Unsupported` for a registry that `openRegistry` did not open
 */
export function contextOf(registry: Registry, action: string): Context {
  const context = knownContext(registry);
  if (context !== undefined) return context;
  throw fault({
    code: "Unsupported",
    action,
    state: `the store of the registry at ${registry.location} is not open here`,
    hint:
      "Do it where its folder or bucket can be reached, on what is opened there: a client of a service, or a wrapper, has no store.",
  });
}
