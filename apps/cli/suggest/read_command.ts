// The command that the first words of a line mean, also in words of other tools.
import { nearest } from "../../../core/text/nearest.ts";
import { type Command, SHARED_OPTIONS } from "../program/command.ts";
import { OTHER_COMMANDS, OTHER_PREFIXES } from "./other_commands.ts";

export interface TypedCommand {
  /** Commands, with default arguments and options behind them. */
  templates: readonly string[];
  /** True for a command that was typed as it is. */
  isExact: boolean;
  /** True for a word of another tool. */
  isForeign: boolean;
  /** The words behind the command, and options before it. */
  rest: readonly string[];
}

/** Finds the command that the first words of a line mean; undefined for none. */
export function readCommand(
  args: readonly string[],
  commands: readonly Command[],
): TypedCommand | undefined {
  const { before, words } = splitShared(args);
  const names = commands.filter(({ hidden }) => !hidden).map(({ name }) => name);
  const typed = commandOf(words, names) ?? likeCommand(words, names);
  return typed && { ...typed, rest: [...typed.rest, ...before] };
}

function commandOf(words: readonly string[], names: readonly string[]): TypedCommand | undefined {
  const [first = "", second = ""] = words;
  const isOfTwo = second !== "" && !second.startsWith("-");
  const typed = isOfTwo ? commandOfTwo(first, second, names) : undefined;
  if (typed !== undefined) return { ...typed, rest: words.slice(2) };
  if (isOfTwo && OTHER_PREFIXES.includes(first) && !names.includes(first)) {
    const inner = commandOf(words.slice(1), names);
    if (inner !== undefined) return { ...inner, isExact: false, isForeign: true };
  }
  const rest = words.slice(1);
  return names.includes(first) ? own(first, rest) : other(first, rest);
}

function commandOfTwo(
  first: string,
  second: string,
  names: readonly string[],
): TypedCommand | undefined {
  const both = `${first} ${second}`;
  if (names.includes(both)) return own(both, []);
  const foreign = other(both, []);
  if (foreign !== undefined) return foreign;
  const inGroup = wordsOf(first, names);
  const synonyms = SAME.filter((words) => words.includes(second)).flat()
    .find((word) => inGroup.includes(word)) ?? nearest(second, inGroup);
  return synonyms === undefined
    ? undefined
    : { ...own(`${first} ${synonyms}`, []), isExact: false };
}

function own(name: string, rest: readonly string[]): TypedCommand {
  return { templates: [name], isExact: true, isForeign: false, rest };
}

function other(word: string, rest: readonly string[]): TypedCommand | undefined {
  const templates = Object.hasOwn(OTHER_COMMANDS, word) ? OTHER_COMMANDS[word] : undefined;
  if (templates === undefined) return undefined;
  return { templates: templates.split(" | "), isExact: false, isForeign: true, rest };
}

/** Finds the command of a mistyped word: a command, a group, or a word of another tool. */
function likeCommand(words: readonly string[], names: readonly string[]): TypedCommand | undefined {
  const [first = "", ...rest] = words;
  if (first === "" || first.startsWith("-") || wordsOf(first, names).length > 0) return undefined;
  const ends = new Map(names.map((name) => [name.split(" ").at(-1) ?? name, name]));
  const groups = names.map((name) => name.split(" ")[0] ?? name);
  const near = nearest(first, new Set([...names, ...groups, ...ends.keys(), ...SINGLE_WORDS]));
  if (near === undefined) return undefined;
  const typed = commandOf([near, ...rest], names) ?? own(ends.get(near) ?? near, rest);
  return { ...typed, isExact: false };
}

const SINGLE_WORDS = Object.keys(OTHER_COMMANDS).filter((word) => !word.includes(" "));

/** Returns the words behind a group: `ls` and `rm` behind `remote`. */
function wordsOf(group: string, names: readonly string[]): string[] {
  return names.filter((name) => name.startsWith(`${group} `))
    .map((name) => name.slice(group.length + 1));
}

/** Words that mean the same within a group. */
const SAME: readonly (readonly string[])[] = [
  ["create", "add", "new", "set", "init", "save", "register", "start"],
  ["rm", "remove", "delete", "del", "revoke", "unset"],
  ["ls", "list", "all"],
  ["show", "get", "describe", "info", "inspect", "status"],
  ["cancel", "stop", "kill"],
  ["run", "start", "repro", "resume", "exec"],
  ["graph", "dag", "show"],
  ["plan", "check", "validate", "lint"],
  ["status", "ls", "list", "ps"],
];

/** Splits options of every command that stand before the command. */
function splitShared(args: readonly string[]): { before: string[]; words: string[] } {
  let at = 0;
  while (args[at]?.startsWith("-") && args[at] !== "-") {
    const [form = "", value] = args[at]?.split("=", 2) ?? [];
    const option = SHARED_OPTIONS.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
    at += option?.flags.includes("<") && value === undefined ? 2 : 1;
  }
  return { before: args.slice(0, at), words: args.slice(at) };
}
