// The copy of Holdfast that an extension refers to: its calls must reach this one.
import { VERSION } from "../../../holdfast_version.ts";

/** Extensions that this copy has defined. */
const DEFINED = new WeakSet<object>();

/** The release that has defined an extension, also for another copy. */
const RELEASE = Symbol.for("holdfast.release");

export function stamped<Defined extends object>(extension: Defined): Defined {
  const defined = { ...extension, [RELEASE]: VERSION };
  DEFINED.add(defined);
  return defined;
}

/** Returns the release that has defined an extension: "own" for this copy, undefined for none. */
export function releaseOf(extension: unknown): string | undefined {
  if (typeof extension !== "object" || extension === null) return undefined;
  if (DEFINED.has(extension)) return "own";
  const release = (extension as { [RELEASE]?: unknown })[RELEASE];
  return typeof release === "string" ? release : undefined;
}
