// One call of a method of a registry, as logs, traces and errors tell of it.
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";

export interface VerbCall {
  verb: string;
  /** The name or ref that it was given; undefined where it takes none, or many. */
  ref?: string;
}

/** How a call ended: never a value, nor metadata. */
export interface VerbOutcome {
  version?: string;
  moved?: number;
  /** Bytes of what was only looked at. */
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

/** The call, from the method's first argument: a name or ref, or an object with a `name`. */
export function createVerbCall(verb: string, what: unknown): VerbCall {
  const ref = typeof what === "object" ? (what as { name?: unknown } | null)?.name : what;
  return typeof ref === "string" ? { verb, ref } : { verb };
}

/** A call in words: `load "model"`. */
export function wordsOf({ verb, ref }: VerbCall): string {
  return ref === undefined ? verb : `${verb} ${shown(ref)}`;
}

/** The name in the ref of a call, and the version where it is given in full. */
export function namedBy({ ref }: VerbCall): { name?: string; version?: string } {
  if (ref === undefined) return {};
  try {
    const { name, selector } = parseRef(ref);
    return selector.kind === "version" ? { name, version: selector.version.full } : { name };
  } catch {
    return {}; // the method says what is wrong
  }
}

export function outcomeOf(
  result: unknown,
  tells: "moved" | "seen" | "opened",
): VerbOutcome {
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
