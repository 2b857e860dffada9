// The values that the operations of one open registry share.
import { conflict, fault, unsupported } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { Executor } from "../../core/executor.ts";
import type { Materializers } from "../../core/materializer.ts";
import type { RetentionRule } from "../../core/record.ts";
import { ruleFor } from "../../core/registry/rules.ts";
import type { Registry } from "../../core/registry.ts";
import type { CachingStore } from "../cache/cached_records.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";

export interface Context extends CachingStore {
  readonly materializers: Materializers;
  readonly maxLoadBytes: number;
  readonly readOnly: boolean;
  /** Retention rules when they were last read. */
  rules: readonly RetentionRule[];
  /** Default of the option of `save`, when it was last read. */
  share: "bytes" | "files";
  readonly executor: Executor<PayloadJobs>;
  /** Number of threads that read a large file. */
  readonly threads: number;
}

/** Throws `Denied` if the registry was opened read-only. */
export function checkWritable(context: Context, action: string): void {
  if (!context.readOnly) return;
  const state = "the registry was opened read-only";
  const hint = "Open it without readOnly to write.";
  throw fault({ code: "Denied", action, state, hint, backend: context.backend.location });
}

/** Throws `Conflict` for a name that a rule protects. */
export function checkUnprotected(context: Context, action: string, name: string): void {
  const rule = ruleFor(context.rules, name);
  if (!rule?.protect) return;
  throw conflict(action, shown(name), `the rule ${shown(rule.pattern)} protects it`, {
    hint: "Change the rule, or delete with force: true.",
    reason: { kind: "protected" },
    backend: context.backend.location,
  });
}

const CONTEXT = Symbol("context");

/** Stores the context of a registry for {@linkcode contextOf}. Copies and wrappers have none. */
export function rememberContext(registry: Registry, context: Context): void {
  Object.defineProperty(registry, CONTEXT, { value: context });
}

/** Returns the context of a registry that `openRegistry` opened, else undefined. */
export function knownContext(registry: Registry): Context | undefined {
  return (registry as { [CONTEXT]?: Context })[CONTEXT];
}

/** Returns the context of a registry. Throws `Unsupported` unless `openRegistry` opened it here. */
export function contextOf(registry: Registry, action: string): Context {
  const context = knownContext(registry);
  if (context !== undefined) return context;
  const state = `the store of the registry at ${registry.location} is not open here`;
  throw unsupported(action, undefined, state, {
    hint: "Call it with a registry from openRegistry, not with a client of a service or a wrapper.",
    reason: { kind: "not_open_here" },
  });
}
