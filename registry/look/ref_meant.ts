// Which version is asked for: now, or as of a moment of the past.
import { parseRef } from "../../core/naming/refs.ts";
import type { Ref } from "../../core/naming/refs.ts";
import type { RefOptions } from "../../core/registry.ts";
import type { Context } from "../opening/context.ts";

/** The ref as it is, or where a moment of the past is asked for, the version that it meant then. */
export async function refMeant(
  context: Context,
  text: string,
  options: RefOptions = {},
): Promise<Ref> {
  const { version, asOf, signal } = options;
  const ref = parseRef(text, version);
  if (asOf === undefined) return ref;
  const { refAsOf } = await import("./past.ts"); // most programs never ask
  return await refAsOf(context, ref, asOf, { signal });
}
