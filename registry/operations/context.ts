// What the operations of one open registry share: its store, and what reads and writes payloads.
import { fault } from "../../core/errors.ts";
import type { Executor } from "../../core/executor.ts";
import type { Materializers } from "../../core/materializer.ts";
import type { Registry } from "../../core/registry.ts";
import type { CachingStore } from "../cache/cached_records.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";

export interface Context extends CachingStore {
  readonly materializers: Materializers;
  readonly maxLoadBytes: number;
  readonly readOnly: boolean;
  readonly executor: Executor<PayloadJobs>;
}

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
