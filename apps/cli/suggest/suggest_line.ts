// Hints for wrong command lines: a line to paste, or how to write it.
//
// A line that stores or deletes something has the command, the arguments and the options that were
// typed, each at most one letter away: it does nothing else. For a word of another tool, only
// commands that read get a line.
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import { mayRead } from "../../../core/may_read.ts";
import { editDistance, nearest } from "../../../core/text/nearest.ts";
import { type Command, type OptionDefinition, SHARED_OPTIONS } from "../program/command.ts";
import type { Extension } from "../program/extension.ts";
import { shellWord } from "../terminal/hints.ts";
import type { Suggestions } from "../program/suggestions.ts";
import { IN_GROUP, OWN_WORDS } from "./other_words.ts";

interface SuggestOptions {
  commands: readonly Command[];
  /** Wrong lines that mean a command of an extension. @default none */
  others?: Extension["words"];
  /** Words of extensions. @default none */
  suggestions?: readonly Suggestions[];
  cwd: string;
  /** The line was parsed, and its command failed. @default false */
  wasParsed?: boolean;
  /** True for words that this program parses. */
  parses(words: readonly string[]): Promise<boolean>;
}

/** A command that a line may mean. */
interface Candidate {
  command: Command;
  /** Its arguments and options; one with `<…>` is not to paste. */
  more: string;
  /** The words that were typed behind it. */
  rest: readonly string[];
  /** The command itself was typed, or is one letter away. */
  isSaid: boolean;
}

/** The commands of a program, and the words that mean them. */
interface Known {
  readonly commands: readonly Command[];
  readonly reading: ReadonlySet<string>;
  readonly writingOptions: ReadonlySet<string>;
  readonly prefixes: ReadonlySet<string>;
  /** Commands by the word of another tool. */
  readonly others: ReadonlyMap<string, string>;
  readonly options: Required<Suggestions>["options"];
  readonly orders: Required<Suggestions>["orders"];
}

function knownOf({ commands, suggestions = [] }: SuggestOptions): Known {
  const all = [OWN_WORDS, ...suggestions];
  const others = new Map<string, string>();
  for (const [command, words] of all.flatMap(({ commands = [] }) => commands)) {
    for (const word of words.split(", ")) {
      others.set(word, [others.get(word) ?? [], command].flat().join(" | "));
    }
  }
  return {
    commands: commands.filter(({ hidden }) => !hidden),
    reading: new Set(all.flatMap(({ reading = [] }) => reading)),
    writingOptions: new Set(all.flatMap(({ writingOptions = [] }) => writingOptions)),
    prefixes: new Set(all.flatMap(({ prefixes = [] }) => prefixes)),
    others,
    options: all.toReversed().flatMap(({ options = [] }) => options), // of all commands last
    orders: all.flatMap(({ orders = [] }) => orders),
  };
}

/** `//key:secret@host`, the same without slashes, and a URL with a query. */
const CREDENTIALS = /\/\/[^/?#]*@|^[^@]*:[^@]*:[^@]*@|:\/\/.*[?#]/;

const MOST_CHARACTERS = 1_000;

/** Returns the hint for a wrong line. It repeats no word without a place, which may be a secret. */
export async function suggestLine(
  args: readonly string[],
  options: SuggestOptions,
): Promise<string | undefined> {
  const { wasParsed = false, parses } = options;
  const known = knownOf(options), { commands } = known;
  const { before, words } = splitShared(args);
  const isHelp = words[0] === "help";
  const typed = isHelp ? words.slice(1) : words;
  const line = typed.join(" ").slice(0, MOST_CHARACTERS);
  const other = nameOf(typed, commands) === undefined
    ? options.others?.find(([pattern]) => pattern.test(line))?.[1]
    : undefined;
  if (other !== undefined) return `Write: holdfast ${other}.`;
  const found = candidatesOf(typed, known);
  if (isHelp) return found[0] && pasted(["help", found[0].command.name]);
  for (const candidate of args.some((word) => CREDENTIALS.test(word)) ? [] : found) {
    const line = await lineOf(
      { ...candidate, rest: [...candidate.rest, ...before] },
      options,
      known,
    );
    if (line === undefined || line.join("\0") === args.join("\0")) continue;
    if (await parses(line)) return pasted(line);
  }
  if (found.length === 0) return wasParsed ? undefined : inGroup(typed[0] ?? "", commands);
  const isOwn = found[0]!.more === "" && found[0]!.command === nameOf(typed, commands);
  return !isOwn ? usageOf(found) : wasParsed ? undefined : optionsOf(found[0]!, known);
}

function pasted(line: readonly string[]): string {
  return `Did you mean this?\n  ${["holdfast", ...line].map(shellWord).join(" ")}`;
}

/** Makes candidates of templates, with the words from there on, or from behind the command. */
type Create = (templates: string, from: number | undefined, isSaid?: boolean) => Candidate[];

/** Finds the commands that a line may mean: itself, one letter away, of another tool, similar. */
function candidatesOf(words: readonly string[], known: Known): Candidate[] {
  const { commands, others, prefixes } = known;
  const create: Create = (templates, from, isSaid = false) =>
    templates.split(" | ").flatMap((template): Candidate[] => {
      const command = nameOf(template.split(" "), commands);
      if (command === undefined) return [];
      const rest = words.slice(from ?? command.name.split(" ").length);
      return [{ command, more: template.slice(command.name.length + 1), rest, isSaid }];
    });
  const [first = "", second = ""] = words;
  const own = nameOf(words, commands);
  const foreign = [`${first} ${second}`, first].find((typed) => others.has(typed)) ?? "";
  if (own !== undefined && (own.name.includes(" ") || !foreign.includes(" "))) {
    return create(own.name, undefined, true);
  }
  if (foreign.includes(" ")) return create(others.get(foreign)!, 2);
  if (first === "holdfast") return candidatesOf(words.slice(1), known);
  const inner = prefixes.has(first) && second !== "" ? unsaid(words.slice(1), known) : [];
  return inner.length > 0 ? inner : similarTo(words, known, { create, foreign });
}

function unsaid(words: readonly string[], known: Known): Candidate[] {
  return candidatesOf(words, known).map((each) => ({ ...each, isSaid: false }));
}

/** Finds the commands that words are similar to, of which none is a command's name. */
function similarTo(
  words: readonly string[],
  known: Known,
  { create, foreign }: { create: Create; foreign: string },
): Candidate[] {
  const { commands, others } = known;
  const [first = "", second = ""] = words;
  const inGroup = wordsIn(first, commands);
  const word = /^(?!-)./.test(second) ? second : "ls";
  const same = IN_GROUP.map((words) => words.split(" ")).filter((words) => words.includes(word));
  const meant = same.flat().find((word) => inGroup.includes(word));
  if (meant !== undefined) return create(`${first} ${meant}`, word === second ? 2 : 1);
  const found = commands.filter(({ name }) => isNear(name, words))
    .flatMap(({ name }) => create(name, undefined, true));
  if (foreign !== "" && !(inGroup.length > 0 && /^[a-z]+$/.test(second))) {
    found.push(...create(others.get(foreign)!, 1));
  }
  const inside = nearest(word, inGroup);
  if (inside !== undefined && found.length === 0) return create(`${first} ${inside}`, 2);
  if (found.length > 0 || inGroup.length > 0 || /^(-|$)/.test(first)) return found;
  if (/^\.{0,2}\//.test(first)) return create("save <name> <source>", 0);
  if (/^[^@].*[:@]/.test(first)) return create("info", 0); // a ref alone
  const all = [...commands.map(({ name }) => name.split(" ", 1)[0]!), ...others.keys()];
  const near = nearest(first, new Set(all.filter((word) => !word.includes(" "))));
  return near === undefined ? [] : unsaid([near, ...words.slice(1)], known);
}

/** Finds the command with the name that the first two words are, or the first. */
function nameOf(words: readonly string[], commands: readonly Command[]): Command | undefined {
  return [words.slice(0, 2).join(" "), words[0]]
    .map((typed) => commands.find(({ name }) => name === typed)).find((found) => found);
}

/** True if each word of the name was typed, or is one letter away and too long to be another word. */
function isNear(name: string, words: readonly string[]): boolean {
  return name.split(" ").every((word, i) =>
    word === words[i] || word.length > 3 && editDistance(word, words[i] ?? "") === 1
  );
}

/** Returns the words behind a group: `ls` and `rm` behind `remote`. */
function wordsIn(group: string, commands: readonly Command[]): string[] {
  return commands.flatMap(({ name }) => {
    const [first, second] = name.split(" ");
    return first === group && second !== undefined ? second : [];
  });
}

/** Patterns of the argument that takes a place in a template: the only one of the line. */
const FITS: Record<string, RegExp> = { $name: /^\S+$/, $text: /^[^\s<>=]+$/, $condition: /[<>=]/ };

/** Returns the words of a line; undefined if it would do what was not typed, or an option is unknown. */
async function lineOf(
  { command, more, rest, isSaid }: Candidate,
  { cwd, wasParsed = false }: SuggestOptions,
  known: Known,
): Promise<string[] | undefined> {
  const read = readWords(rest, command, known);
  if (read === undefined || /[<[]/.test(more)) return undefined;
  const { args, options } = read;
  const [filled = ""] = /\$\w+/.exec(more) ?? [], fits = FITS[filled];
  if (fits !== undefined && !(args.length === 1 && fits.test(args[0]!))) return undefined;
  const ordered = fits !== undefined ? [] : await inOrder(args, command, { cwd, known });
  if (wasParsed && ordered === args) return undefined;
  const isReading =
    [command.name, `${command.name} ${more}`].some((name) => known.reading.has(name)) &&
    !options.some((word) => known.writingOptions.has(word.split("=", 1)[0]!));
  if (!isReading && !isSaid) return undefined;
  const fixed = more.split(" ").filter(Boolean)
    .map((word) => fits === undefined ? word : word.replace(filled, () => args[0]!));
  const words = more.startsWith("-") ? [...ordered, ...fixed] : [...fixed, ...ordered];
  return [...command.name.split(" "), ...words, ...options];
}

/** Reads the arguments and options behind a command; undefined if an option is unknown. */
function readWords(rest: readonly string[], command: Command, words: Known) {
  const read = { args: [] as string[], options: [] as string[] };
  for (let at = 0; at < rest.length; at++) {
    const word = rest[at]!.replace(/^[–—]+(?=\w)/, "--"); // as word processors write it
    if (!word.startsWith("-") || word === "-") {
      read.args.push(word);
      continue;
    }
    const [, form = word, attached] = /^(--?[^=]+)(=.*)$/s.exec(word) ?? [];
    const option = ownOption(form, command, words);
    if (option === undefined) return undefined;
    const known = formsOf(option).includes(form) ? form : longOf(option);
    read.options.push(`${known}${attached ?? ""}`);
    if (!option.flags.includes("<") || attached !== undefined) continue;
    if (++at === rest.length) return undefined;
    read.options.push(rest[at]!);
  }
  return read;
}

/** Finds an option of a command; one that no other tool has may be one letter away. */
function ownOption(
  form: string,
  command: Command,
  words: Known,
): OptionDefinition | undefined {
  const definitions = [...command.options, ...SHARED_OPTIONS];
  const known = definitions.find((option) => formsOf(option).includes(form));
  if (known !== undefined || otherOption(form, command, words) !== undefined) return known;
  return definitions.find((option) =>
    longOf(option).length > 5 && editDistance(form, longOf(option)) === 1
  );
}

function formsOf({ flags }: OptionDefinition): string[] {
  return flags.split(/[ ,]+/).filter((word) => word.startsWith("-"));
}

function longOf(option: OptionDefinition): string {
  return formsOf(option).at(-1)!;
}

/** Returns what an option of another tool is here; undefined if it is unknown. */
function otherOption(
  form: string,
  { name, options }: Command,
  words: Known,
): string | undefined {
  const known = [...options, ...SHARED_OPTIONS].flatMap(formsOf);
  return words.options.find(([of, is, typed]) =>
    typed.split(" ").includes(form) &&
    (of.split(" ").includes(name.replace(" ", ".")) ||
      of === "*" && (is === "" || known.includes(is.split(" ")[0]!)))
  )?.[1];
}

/** Returns arguments in the order of a command, if a row says so. */
async function inOrder(
  args: readonly string[],
  { name }: Command,
  { cwd, known }: { cwd: string; known: Known },
): Promise<readonly string[]> {
  const kinds = await Promise.all(args.map((text) => kindOf(text, cwd)));
  const isKind = (kind: string, i: number) =>
    kind === kinds[i] || kind === "name" && /^(word|named)$/.test(kinds[i]!);
  const row = known.orders.find(([of, typed]) =>
    of.split(" ").includes(name) && typed.split(" ").length === kinds.length &&
    typed.split(" ").every(isKind)
  );
  return row?.[2].split(" ").map((word) =>
    word.replace(/\$(\d)([nv]?)/g, (_, digit, part) => {
      const text = args[digit - 1]!;
      const at = text.indexOf("@", 1);
      if (part !== "") return part === "n" ? text.slice(0, at) : text.slice(at + 1);
      return kinds[digit - 1] === "version" ? text.replace(/^v/, "") : text;
    })
  ) ?? args;
}

/** In this order; the first that matches. */
const KINDS: readonly (readonly [kind: string, pattern: RegExp])[] = [
  ["path", /^(@[^/@]+\/?|[a-z][a-z0-9+.-]+:\/\/.*|~|\.{1,2}|~\/.*|\.{1,2}\/.*|\/.*)$/is],
  ["text", /\s|^-?$/],
  ["ref", /^.[^@]*@[^@]+$/s],
  ["version", /^([v^~]|[<>]=?)?\d+(\.(\d+|[x*]))*(-[\w.]+)?$/],
];

async function kindOf(text: string, cwd: string): Promise<string> {
  const kind = KINDS.find(([, pattern]) => pattern.test(text))?.[0];
  if (kind !== undefined) return kind;
  const path = resolve(cwd, text);
  const exists = !text.includes("\0") && mayRead(path) &&
    await lstat(path).then(() => true, () => false);
  return exists ? "file" : text.includes(":") ? "named" : "word";
}

/** Returns the advice for a word of another tool: how to write what it means. */
function usageOf(found: readonly Candidate[]): string {
  const ways = found.map(({ command: { name, args }, more }) =>
    `holdfast ${name} ${more || args.map(({ usage }) => usage).join(" ")}`.trimEnd()
  );
  const usage = [...new Set(ways)].join(", or ").replaceAll(/\$(\w+)/g, "<$1>");
  return `Write: ${usage}. See "holdfast ${found[0]!.command.name} --help".`;
}

/** Returns the advice for options of another tool; undefined if there are none. */
function optionsOf({ command, rest }: Candidate, known: Known): string | undefined {
  const advice = rest.flatMap((word) => {
    const [form = ""] = word.split("=", 1);
    const is = ownOption(form, command, known) === undefined
      ? otherOption(form, command, known)
      : undefined;
    if (is === undefined) return [];
    if (is === "") return `Omit ${form}. `;
    return is.startsWith("<") ? `Pass ${is} without ${form}. ` : `Write ${is} instead of ${form}. `;
  });
  return advice.length === 0
    ? undefined
    : `${advice.join("")}See "holdfast ${command.name} --help".`;
}

/** Names the commands of a group. */
function inGroup(group: string, commands: readonly Command[]): string | undefined {
  const known = wordsIn(group, commands);
  if (known.length === 0) return undefined;
  return `Write ${group} with one of: ${known.join(", ")}. See "holdfast ${group} --help".`;
}

/** Splits options of every command that stand before the command. */
function splitShared(args: readonly string[]): { before: string[]; words: string[] } {
  let at = 0;
  while (args[at]?.startsWith("-") && args[at] !== "-") {
    const [form = "", value] = args[at]?.split("=", 2) ?? [];
    const option = SHARED_OPTIONS.find((option) => formsOf(option).includes(form));
    at += option?.flags.includes("<") && value === undefined ? 2 : 1;
  }
  return { before: args.slice(0, at), words: args.slice(at) };
}
