// The values that the operations of one open registry share.
import { fault, unsupported } from "../../core/errors.ts";
import type { Executor } from "../../core/executor.ts";
import type { Materializers } from "../../core/materializer.ts";
import type { RetentionRule } from "../../core/record.ts";
import { openedHere, type Registry } from "../../core/registry.ts";
import type { CachingStore } from "../cache/cached_records.ts";
import type { PageLimits } from "../format/file_pages.ts";
import type { PayloadJobs } from "../payload/job_kinds.ts";
import type { DraftView } from "./drafts/draft_view.ts";

export interface Context extends CachingStore {
  readonly materializers: Materializers;
  readonly maxLoadBytes: number;
  readonly readOnly: boolean;
  /** Retention rules when they were last read. */
  rules: readonly RetentionRule[];
  /** When, by the monotonic clock, milliseconds. */
  rulesReadAtMs: number;
  /** Default of the option of `save`, when it was last read. */
  share: "values" | "bytes" | "files";
  /** Cells of aliases whose version one list does not show: their names have many records. */
  readonly farAliases: Set<string>;
  /** Drafts to which parts were added, by folder. */
  readonly draftViews: Map<string, DraftView>;
  readonly executor: Executor<PayloadJobs>;
  /** Limits of the pages of long lists of files. Tests set small ones. */
  readonly pageLimits: PageLimits;
  /** Number of threads that read and verify a large file. */
  readonly threads: number;
}

/** Throws `Denied` if the registry was opened read-only. */
export function checkWritable(context: Context, action: string): void {
  if (!context.readOnly) return;
  const state = "the registry was opened read-only";
  const hint = "Open it without readOnly to write.";
  throw fault({ code: "Denied", action, state, hint, backend: context.backend.location });
}

const CONTEXT = Symbol("context");

/** Stores the context of a registry for {@linkcode contextOf}. Copies and wrappers have none. */
export function rememberContext(registry: Registry, context: Context): void {
  Object.defineProperty(registry, CONTEXT, { value: context });
  openedHere.add(registry);
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
