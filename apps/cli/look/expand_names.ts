// Refs with shell patterns in names, `tmp:*`, `model-{a,b}@1`, or a time.
import type { RefOptions, Registry } from "../../../mod.ts";
import { globOf, isPattern } from "../../../core/naming/name_patterns.ts";
import { type Hints, lookUp, notFound, shellWord } from "../terminal/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { momentOf, parseMoment, type TypedMoment } from "../terminal/units.ts";

/**
 * Expands patterns in names or refs, without duplicates. `*` matches anything but `/`, `**` between
 * slashes any folders. An existing name that looks like a pattern matches only itself.
 *
 * @throws {RegistryError} `NotFound` for a pattern without matches
 */
export async function expandNames(
  registry: Registry,
  texts: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const expanded = new Set<string>();
  for (const text of texts) {
    const pattern = text.replace(/@.*/s, "");
    if (!isPattern(text) || await registry.has(pattern, { signal })) {
      expanded.add(text);
      continue;
    }
    const { prefix, test } = globOf(pattern);
    const names = await Array.fromAsync(registry.names({ prefix, signal }));
    const matches = names.filter(test);
    if (matches.length === 0) {
      const hint = "See what exists: holdfast ls. * matches anything but /, and **/ any folders.";
      throw notFound(`find ${JSON.stringify(pattern)}`, "no name matches", hint);
    }
    for (const name of matches) expanded.add(name + text.slice(pattern.length));
  }
  return [...expanded];
}

/**
 * Names that a command works on.
 *
 * @internal
 */
export interface NameFilter {
  /** All of these names begin with it. */
  prefix: string;
  isGlob: boolean;
  test(name: string): boolean;
  /** Explains that no name passes. */
  none: string;
}

/** Selects names for `ls` and `du`: those that match a pattern, or begin with another text. */
export async function nameFilter(
  registry: Registry,
  text: string,
  signal: AbortSignal,
): Promise<NameFilter> {
  const isGlob = isPattern(text) && !await registry.has(text, { signal });
  const none = `No name ${isGlob ? "matches" : "begins with"} ${JSON.stringify(text)}`;
  return isGlob
    ? { ...globOf(text), isGlob, none }
    : { prefix: text, test: (name) => name.startsWith(text), isGlob, none };
}

export interface AsOfFlags {
  asOf?: TypedMoment;
}

export const AS_OF_OPTION: {
  readonly flags: "--as-of <time>";
  readonly text: string;
  readonly parse: typeof parseMoment;
} = {
  flags: "--as-of <time>",
  text: "resolve the ref at this time: 2026-03-01, 2026-03-01T14:05, or 7d ago",
  parse: parseMoment,
};

export function refOptions({ asOf }: AsOfFlags, { system, signal }: CliIo): RefOptions {
  return asOf === undefined ? { signal } : { asOf: momentOf(asOf, system.now()), signal };
}

export function lookUpThen(ref: string, { asOf }: AsOfFlags): Hints {
  if (asOf === undefined) return lookUp(ref);
  return { NotFound: `See the history: holdfast log ${shellWord(ref.replace(/@.*/s, ""))}` };
}
