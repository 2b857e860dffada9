// One call of a verb of a registry, as those who watch it are told of it.
import { shown } from "../naming/names.ts";
import { parseRef } from "../naming/refs.ts";

/** What is told when a verb begins. */
export interface VerbCall {
  /** The verb: `save`. */
  verb: string;
  /** The name or ref that it was given; undefined where it takes none, or many. */
  ref?: string;
}

/** What is told when a verb ended well: never a value, nor metadata. */
export interface VerbOutcome {
  /** The version that was meant. */
  version?: string;
  /** The size of what was moved, bytes. */
  moved?: number;
  /** The size of what was only looked at, bytes. */
  seen?: number;
  /** Whether nothing was saved, because it was there. */
  skipped?: boolean;
  /** How many items a listing gave. */
  items?: number;
  /** How many inputs of a batch succeeded, and how many failed. */
  batch?: { succeeded: number; failed: number };
}

/** The internal option that receives the version to which a call resolved its ref, for spans. */
export const RESOLVED: unique symbol = Symbol("holdfast.resolved");

/** Options that may have it. */
export interface ResolvedOptions {
  /** Receives the version. */
  [RESOLVED]?: (version: string) => void;
}

/** Hears of one call. */
export interface CallWatcher {
  /** Hears that it ended well. */
  done(outcome: VerbOutcome): void;
  /** Hears that it failed. */
  failed(error: unknown): void;
}

/** The call, from the verb's first argument: a name or ref, or what has one. */
export function createVerbCall(verb: string, what: unknown): VerbCall {
  const ref = typeof what === "object" ? (what as { name?: unknown } | null)?.name : what;
  return typeof ref === "string" ? { verb, ref } : { verb };
}

/** A call in words, `load "model"`: the verb, and the name or ref that it is about, where it has one. */
export function wordsOf({ verb, ref }: VerbCall): string {
  return ref === undefined ? verb : `${verb} ${shown(ref)}`;
}

/** The name of what a call is about, and the version where one is given in full; neither where they cannot be read. */
export function namedBy({ ref }: VerbCall): { name?: string; version?: string } {
  if (ref === undefined) return {};
  try {
    const { name, selector } = parseRef(ref);
    return selector.kind === "version" ? { name, version: selector.version.full } : { name };
  } catch {
    return {}; // the verb says what is wrong
  }
}

/** What the result of a verb tells. */
export function outcomeOf(
  result: unknown,
  tells: "moved" | "seen" | "opened" | "batch",
): VerbOutcome {
  if (tells === "batch") {
    const { succeeded, failed } = result as { succeeded: unknown[]; failed: unknown[] };
    return { batch: { succeeded: succeeded.length, failed: failed.length } };
  }
  if (tells === "opened") {
    return { version: (result as { info?: { version?: string } }).info?.version };
  }
  const { version, size, skipped } = result as {
    version?: string;
    size: number;
    skipped?: boolean;
  };
  return { version, [tells]: size, skipped };
}
