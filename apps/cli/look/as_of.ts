// The option `--as-of`: what a ref meant at a moment of the past.
import type { RefOptions } from "../../../mod.ts";
import type { OptionDefinition } from "../program/command.ts";
import { type Hints, lookUp, shellWord } from "../program/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { momentOf, parseMoment, type TypedMoment } from "../terminal/units.ts";

export interface AsOfFlags {
  asOf?: TypedMoment;
}

/** The definition of {@linkcode AsOfFlags}. */
export const AS_OF_OPTION: OptionDefinition = {
  flags: "--as-of <time>",
  text: "what the ref meant then: 2026-03-01, 2026-03-01T14:05, or 7d for a week ago",
  parse: parseMoment,
};

export function refOptions({ asOf }: AsOfFlags, { system, signal }: CliIo): RefOptions {
  return asOf === undefined ? { signal } : { asOf: momentOf(asOf, system.now()), signal };
}

export function lookUpThen(ref: string, { asOf }: AsOfFlags): Hints {
  if (asOf === undefined) return lookUp(ref);
  return { NotFound: `See what was when: holdfast log ${shellWord(ref.split("@", 1)[0])}` };
}
