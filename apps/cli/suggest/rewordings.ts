// Other ways to say the arguments of a line: names and versions joined or split, an alias or the
// registry as an option.
import type { Command } from "../program/command.ts";
import { kindOf, type Part, slotOf } from "./kinds_of_words.ts";

/** Arguments in other words. */
interface Rewording {
  parts: readonly Part[];
  /** Options that some of them became. */
  options: string[];
  /** Subtracted from the score. */
  cost: number;
}

export interface RewordOptions {
  /** A name may lose its version. @default false */
  mayStrip?: boolean;
  /** An option names the registry. @default false */
  hasRegistry?: boolean;
  /** A name and a word behind it may be a ref. @default true */
  joinsAlias?: boolean;
}

const COST = { changed: 0.6, asRegistry: 1.2, byAlias: 1.8, stripped: 1.8, asAlias: 2.4 };

/** Yields the arguments as typed, and in the other words that a command takes. */
export function* rewordings(
  { args, options }: Pick<Command, "args" | "options">,
  parts: readonly Part[],
  { mayStrip = false, hasRegistry = false, joinsAlias = true }: RewordOptions,
): Generator<Rewording> {
  const takes = new Set(args.map(slotOf));
  const takesRef = takes.has("ref") || takes.has("side");
  yield { parts, options: [], cost: 0 };
  if (takes.has("alias")) yield* splitRefs(parts);
  if (takesRef || takes.has("new")) yield* joinRefs(parts, takesRef && joinsAlias);
  if (mayStrip && takes.has("name") && !takes.has("alias")) yield stripped(parts);
  if (options.some(({ flags }) => flags.includes("--alias <"))) yield* asAlias(parts);
  if (!takes.has("place") && !hasRegistry) yield* asRegistry(parts);
}

/** `my:model@2` as `my:model` and `2`. */
function* splitRefs(parts: readonly Part[]): Generator<Rewording> {
  for (const [i, { text, slot }] of parts.entries()) {
    const at = text.indexOf("@", 1);
    if (slot !== undefined || at < 0) continue;
    const name: Part = { text: text.slice(0, at), slot: "<name>" };
    const selector: Part = { text: text.slice(at + 1) };
    const version: Part = { ...selector, slot: "<version>" };
    const isNamedTwice = parts.some((part) => part.text === name.text);
    const ways = [[name, selector], [name, version], ...isNamedTwice ? [[selector]] : []];
    for (const way of ways) {
      yield { parts: parts.toSpliced(i, 1, ...way), options: [], cost: COST.changed };
    }
  }
}

/** `my:model` and `2` as `my:model@2`; with a second version as two refs. */
function* joinRefs(parts: readonly Part[], byAlias: boolean): Generator<Rewording> {
  for (const [i, { text, slot }] of parts.entries()) {
    const isName = slot === undefined && ["named", "word", "file", "ref"].includes(kindOf(text));
    if (!isName) continue;
    const name = text.replace(/(.)@.*/s, "$1");
    const hasVersion = name !== text;
    const versions = [...parts.entries()].filter(([at, part]) =>
      at !== i && part.slot === undefined && kindOf(part.text) === "version"
    );
    const next = parts[i + 1];
    const isAlias = next?.slot === undefined && next !== undefined && kindOf(next.text) === "word";
    if (byAlias && isAlias && !hasVersion) versions.push([i + 1, next]);
    for (const [at, version] of versions) {
      const ref: Part = { text: refOf(name, version.text) };
      const cost = version === next && isAlias ? COST.byAlias : COST.changed;
      const joined = hasVersion
        ? parts.toSpliced(at, 1, ref)
        : parts.flatMap((part, index) => index === i ? ref : index === at ? [] : part);
      yield { parts: joined, options: [], cost };
      for (const [second, other] of hasVersion ? [] : versions.filter(([index]) => index > at)) {
        const refs = [ref, { text: refOf(name, other.text) }];
        const rest = parts.filter((_, index) => ![i, at, second].includes(index));
        yield { parts: [...refs, ...rest], options: [], cost };
      }
    }
  }
}

function stripped(parts: readonly Part[]): Rewording {
  const bare = parts.map((part) => ({ ...part, text: part.text.replace(/(.)@.*/s, "$1") }));
  return { parts: bare, options: [], cost: COST.stripped };
}

function* asAlias(parts: readonly Part[]): Generator<Rewording> {
  for (const [i, { text }] of parts.entries()) {
    if (kindOf(text) !== "word") continue;
    yield { parts: parts.toSpliced(i, 1), options: ["--alias", text], cost: COST.asAlias };
  }
}

function* asRegistry(parts: readonly Part[]): Generator<Rewording> {
  for (const [i, { text }] of parts.entries()) {
    const isPlace = ["url", "path", "folder", "remote"].includes(kindOf(text)) && text !== "-";
    if (!isPlace) continue;
    yield { parts: parts.toSpliced(i, 1), options: ["-r", text], cost: COST.asRegistry };
  }
}

/** Joins a name and a version, also `v2`. */
export function refOf(name: string, version: string): string {
  return `${name}@${version.replace(/^v(?=\d)/, "")}`;
}
