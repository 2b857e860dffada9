// The command line that a wrong one means.
import { lstat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Command } from "../program/command.ts";
import { shellWord } from "../terminal/hints.ts";
import { fitArguments, scoreAsTyped } from "./fit_arguments.ts";
import type { Part } from "./kinds_of_words.ts";
import { readCommand, type TypedCommand } from "./read_command.ts";
import { readCondition, readWords, type TypedWords } from "./read_words.ts";
import { refOf } from "./rewordings.ts";
import { mayRead } from "../../../core/may_read.ts";

interface SuggestLineOptions {
  commands: readonly Command[];
  cwd: string;
  /** The line was parsed and failed later: it must be clearly wrong. @default false */
  wasParsed?: boolean;
  /** True for words that this program parses. */
  parses(words: readonly string[]): Promise<boolean>;
}

/** How much better the words of a line that was parsed have to fit. */
const CLEARLY = 4;
/** `//key:secret@host`, the same without slashes, and a URL with a query. */
const CREDENTIALS = /\/\/[^/?#]*@|^[^@]*:[^@]*:[^@]*@|:\/\/.*[?#]/;
/** The score of words of which one cannot be where it is. */
const IMPOSSIBLE = -10;
/** The score of a template with numbered words. */
const FILLED = 6;

/**
 * Returns the line that a wrong one means, to paste into a shell; undefined for none. It shows no
 * words that have no place in it: they may be secrets.
 */
export async function suggestLine(
  args: readonly string[],
  options: SuggestLineOptions,
): Promise<string | undefined> {
  const { commands, parses } = options;
  if (args.some((word) => CREDENTIALS.test(word))) return undefined;
  if (args[0] === "help") return helpLine(args.slice(1), commands);
  const typed = readCommand(args, commands) ?? guessed(args);
  let best: Line | undefined;
  for (const template of typed?.templates ?? []) {
    const line = typed && await lineOf(template, typed, options);
    if (line === undefined || line.score <= (best?.score ?? -Infinity)) continue;
    if (await parses(line.words)) best = line;
  }
  if (best === undefined || best.words.join("\0") === args.join("\0")) return undefined;
  return ["holdfast", ...best.words.map(shellWord)].join(" ");
}

/** A line without a command: a ref is shown, a path is saved. */
function guessed(args: readonly string[]): TypedCommand | undefined {
  const [first = ""] = args;
  const template = /^\.{0,2}\//.test(first) ? "save" : /^[^-@].*[:@]/.test(first) ? "info" : "";
  if (template === "") return undefined;
  return { templates: [template], isExact: false, isForeign: true, rest: args };
}

function helpLine(words: readonly string[], commands: readonly Command[]): string | undefined {
  const [template = ""] = readCommand(words, commands)?.templates ?? [];
  const { command } = splitTemplate(template, commands) ?? {};
  return command && `holdfast help ${command.name}`;
}

interface Line {
  words: string[];
  score: number;
}

async function lineOf(
  template: string,
  typed: TypedCommand,
  options: SuggestLineOptions,
): Promise<Line | undefined> {
  const split = splitTemplate(template, options.commands);
  const words = split && readWords(typed, split.command);
  if (split === undefined || words === undefined) return undefined;
  const parts = isSecretive(split.command) ? publicParts(words) : withSelector(words, typed);
  return template.includes("$")
    ? filledLine(split, { ...words, parts })
    : await fittedLine(split, { ...words, parts }, { ...options, typed, asTyped: words.parts });
}

/** A template: its command, default arguments, and options. */
interface Template {
  command: Command;
  defaults: readonly string[];
  fixed: readonly string[];
}

function splitTemplate(template: string, commands: readonly Command[]): Template | undefined {
  const words = template.split(" ");
  const command = commands.find(({ name }) => name === words.slice(0, 2).join(" ")) ??
    commands.find(({ name }) => name === words[0]);
  if (command === undefined) return undefined;
  const more = words.slice(command.name.split(" ").length);
  const at = more.findIndex((word) => word.startsWith("-"));
  const count = at < 0 ? more.length : at;
  return { command, defaults: more.slice(0, count), fixed: more.slice(count) };
}

interface FittedLineOptions extends SuggestLineOptions {
  typed: TypedCommand;
  /** The arguments before any of them was read as another. */
  asTyped: readonly Part[];
}

/** Puts the words in the order of the command. */
async function fittedLine(
  { command, defaults, fixed }: Template,
  { parts, options, registry, isTranslated }: TypedWords,
  { cwd, wasParsed = false, typed, asTyped }: FittedLineOptions,
): Promise<Line | undefined> {
  // The nearest registry is one side of a mirror, if the line names only the other.
  const isNamed = parts.some(({ text }) => text.endsWith(".holdfast"));
  const own = command.name === "mirror" && defaults.length === 0 && !isNamed ? [".holdfast"] : [];
  const fit = { existing: await existingOf(parts, cwd), defaults: [...defaults, ...own] };
  const before = scoreAsTyped(command, asTyped, fit);
  const fitted = fitArguments(command, parts, {
    ...fit,
    mayStrip: typed.isForeign,
    hasRegistry: registry !== undefined,
    joinsAlias: !wasParsed || before < IMPOSSIBLE,
  });
  if (fitted === undefined || wasParsed && !fitted.isComplete) return undefined;
  if (typed.isExact && !isTranslated) {
    // If arguments are only missing, the usage of the command says which.
    const isOrdered = asTyped.every(({ text }, i) => fitted.words[i] === text);
    if (isOrdered && !fitted.isComplete) return undefined;
    if (wasParsed && fitted.score - before < CLEARLY) return undefined;
  }
  const words = [...command.name.split(" "), ...fitted.words, ...fixed];
  return { words: [...words, ...fitted.options, ...options], score: fitted.score };
}

/** Replaces `$1`, `$2` and `$registry`; undefined if words are missing or left. */
function filledLine(
  { command, defaults, fixed }: Template,
  { parts, options, registry = ".holdfast" }: TypedWords,
): Line | undefined {
  const template = [...defaults, ...fixed];
  const used = new Set(template.flatMap((word) => [...word.matchAll(/\$\d/g)].flat()));
  const isRename = used.size === 2;
  if (parts.length !== used.size && !(isRename && parts.length === 0)) return undefined;
  const words = template.map((word, i) => {
    const filled = word.replaceAll("$registry", () => registry)
      .replace(/\$(\d)/g, (_, digit) => parts[digit - 1]?.text ?? (digit === "1" ? "OLD" : "NEW"));
    return template[i - 1] === "--where" ? readCondition(filled) : filled;
  });
  const isOfRegistry = (word = "") => /^(-r|--registry)$/.test(word);
  const others = template.includes("$registry")
    ? options.filter((word, i) => !isOfRegistry(word) && !isOfRegistry(options[i - 1]))
    : options;
  return { words: [...command.name.split(" "), ...words, ...others], score: FILLED };
}

/** A URL without a part that may be secret. */
const PUBLIC_URL = /^[a-z][a-z0-9+.-]+:\/\/[^?#@]*$/i;

/** True for commands that may be called with a secret by mistake. */
function isSecretive({ name }: Command): boolean {
  return /^(token|remote add)/.test(name);
}

function publicParts({ parts }: TypedWords): Part[] {
  return parts.filter(({ slot, text }) => slot !== undefined || PUBLIC_URL.test(text));
}

/** Joins the version that was an option with its ref, and reads refs of other tools. */
function withSelector({ parts, selector }: TypedWords, { isForeign }: TypedCommand): Part[] {
  const read = parts.map((part) => ({ ...part, text: refOfOthers(part.text, isForeign) }));
  const at = read.findIndex(({ text }) => !/^[./~-]/.test(text));
  const part = read[at];
  if (selector === undefined || part === undefined) return read;
  return read.toSpliced(at, 1, { ...part, text: refOf(part.text.replace(/@.*/s, ""), selector) });
}

/** Reads `models:/name/3` of MLflow and `name:v3` of W&B. */
function refOfOthers(text: string, isForeign: boolean): string {
  const [, name, version] = /^models:\/+([^/@]+)[/@](.+)$/.exec(text) ??
    (isForeign ? /^([^@]+):(latest|v\d+)$/.exec(text) : undefined) ?? [];
  return name === undefined || version === undefined ? text : refOf(name, version);
}

async function existingOf(parts: readonly Part[], cwd: string): Promise<Set<string>> {
  const existing = await Promise.all(parts.map(async ({ text }) => {
    const path = resolve(cwd, text);
    const exists = text !== "" && !text.includes("\0") && mayRead(path) &&
      await lstat(path).then(() => true, () => false);
    return exists ? [text] : [];
  }));
  return new Set(existing.flat());
}
