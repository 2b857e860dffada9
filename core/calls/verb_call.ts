// One call of a method, for logs, traces and errors.
import { shown } from "../naming/names.ts";
import { parseRef } from "../naming/refs.ts";

export interface VerbCall {
  verb: string;
  /** The name or ref; undefined if it takes none or many. */
  ref?: string;
}

/** The result of a call, without values and metadata. */
export interface VerbOutcome {
  version?: string;
  moved?: number;
  /** Bytes that a lookup found. */
  seen?: number;
  skipped?: boolean;
  items?: number;
}

export const RESOLVED: unique symbol = Symbol("holdfast.resolved");

export interface ResolvedOptions {
  [RESOLVED]?: (version: string) => void;
}

export interface CallWatcher {
  done(outcome: VerbOutcome): void;
  failed(error: unknown): void;
}

/** Returns the call from the method's first argument: a name or ref, or an object with a `name`. */
export function createVerbCall(verb: string, what: unknown): VerbCall {
  const ref = typeof what === "object" ? (what as { name?: unknown } | null)?.name : what;
  return typeof ref === "string" ? { verb, ref } : { verb };
}

/** Returns a call as text: `load "model"`. */
export function wordsOf({ verb, ref }: VerbCall): string {
  return ref === undefined ? verb : `${verb} ${shown(ref)}`;
}

export function namedBy({ ref }: VerbCall): { name?: string; version?: string } {
  if (ref === undefined) return {};
  try {
    const { name, selector } = parseRef(ref);
    return selector.kind === "version" ? { name, version: selector.version.full } : { name };
  } catch {
    return {}; // the method reports the error
  }
}

export function outcomeOf(result: unknown, tells: "moved" | "seen" | "opened"): VerbOutcome {
  if (tells === "opened") return { version: (result as { info?: VerbOutcome }).info?.version };
  const { version, size, skipped } = result as VerbOutcome & { size: number };
  return { version, [tells]: size, skipped };
}
