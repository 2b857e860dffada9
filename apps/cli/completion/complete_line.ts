// Completion of a command line.
import type { Registry } from "../../../mod.ts";
import { EXTENSION_OPTION, SHARED_OPTIONS } from "../program/command.ts";
import type { Command, Completes, OptionDefinition } from "../program/command.ts";

/** Maximum number of candidates of one kind. */
const MOST = 200;

interface CompleteLineOptions {
  commands: readonly Command[];
  open(registry: string | undefined): Promise<Registry>;
  /** Names of registries, without the `@`. @default none */
  remotes?: readonly string[];
  /** Topics of `help` beside commands. @default none */
  topics?: readonly string[];
}

/**
 * Returns the candidates for the last word of a line.
 *
 * @param words all words after the program's name; the last is being typed and may be empty
 */
export async function completeLine(
  words: readonly string[],
  options: CompleteLineOptions,
): Promise<string[]> {
  const { commands, open, remotes = [], topics = [] } = options;
  const typed = words.at(-1) ?? "";
  const { command, group, positionals, pending, registry } = readWords(
    words.slice(0, -1),
    commands,
  );
  const among = (candidates: readonly string[]) =>
    candidates.filter((candidate) => candidate.startsWith(typed));
  if (words[0] === "help" && words.length === 2) {
    return among([...topics, ...wordsAfter("", commands)]);
  }
  const thing = async (completes: Completes | undefined): Promise<string[]> => {
    if (completes === "place") {
      return among(remotes.map((name) => typed.startsWith("@") ? `@${name}` : name));
    }
    if (completes === "remote") return among(remotes);
    if (completes === undefined || completes === "file") return []; // the shell completes files
    if (completes === "alias" || completes === "version" || completes === "path") {
      const [, remote = registry, ref = ""] = /^(?:(@[^/]+)\/)?(.*)$/s.exec(positionals[0] ?? "") ??
        [];
      return among(await OF_REF[completes](await open(remote), ref)).slice(0, MOST);
    }
    const inRegistry = typeof completes === "function" ? completes : FROM_REGISTRY[completes];
    if (!typed.startsWith("@")) return await inRegistry(await open(registry), typed);
    return await inRemote(typed, inRegistry, { open, remotes });
  };
  if (pending !== undefined) {
    return pending.choices ? among(pending.choices) : await thing(pending.completes);
  }
  const [, form, value] = /^(--[^=]+)=(.*)$/s.exec(typed) ?? [];
  if (form !== undefined && value !== undefined) {
    const before = [...words.slice(0, -1), form];
    if (readWords(before, commands).pending === undefined) return [];
    const completed = await completeLine([...before, value], options);
    return completed.map((each) => `${form}=${each}`);
  }
  if (typed.startsWith("-")) return among(optionsOf(command).flatMap(formsOf).concat("--help"));
  if (command === undefined) return among(wordsAfter(group, commands));
  const last = command.args.at(-1);
  const argument = command.args[positionals.length] ??
    (last?.usage.includes("...") ? last : undefined);
  return await thing(argument?.completes);
}

/** Returns the candidates for `@name/word`, by what completes the word in that registry. */
async function inRemote(
  typed: string,
  inRegistry: (registry: Registry, typed: string) => Promise<readonly string[]>,
  { open, remotes }: { open: CompleteLineOptions["open"]; remotes: readonly string[] },
): Promise<string[]> {
  const [, remote, rest] = /^(@[^/]+)\/(.*)$/s.exec(typed) ?? [];
  const candidates = remote === undefined
    ? remotes.map((name) => `@${name}/`).filter((candidate) => candidate.startsWith(typed))
    : [`${remote}/`];
  const [prefix, second] = candidates; // after one candidate a shell adds a space: offer its contents
  if (prefix === undefined || second !== undefined) return candidates;
  const words = await inRegistry(await open(prefix.slice(0, -1)), rest ?? "");
  return words.map((word) => prefix + word);
}

const FROM_REGISTRY = { name: namesFrom, ref: refsFrom } as const;

/** Words of the name or ref that is the first argument. */
const OF_REF = {
  alias: async (registry: Registry, name: string) =>
    await Array.fromAsync(registry.aliases(name), ({ alias }) => alias),
  version: async (registry: Registry, name: string) =>
    await Array.fromAsync(registry.versions(name, { limit: MOST }), ({ version }) => version),
  path: async (registry: Registry, ref: string) =>
    (await registry.info(ref)).files.map(({ path }) => path),
};

interface Line {
  command?: Command;
  /** The typed words of a command with several, and a space. */
  group: string;
  positionals: string[];
  pending?: OptionDefinition;
  registry?: string;
}

function readWords(words: readonly string[], commands: readonly Command[]): Line {
  const line: Line = { group: "", positionals: [] };
  for (const word of words) {
    if (line.pending !== undefined) {
      if (line.pending.flags.includes("--registry")) line.registry = word;
      line.pending = undefined;
    } else if (word.startsWith("-") && word !== "-") {
      const [form = "", value] = word.split("=", 2);
      const option = optionsOf(line.command).find((option) => formsOf(option).includes(form));
      if (form === "--registry" && value !== undefined) line.registry = value;
      if (option !== undefined && value === undefined && /[<[]/.test(option.flags)) {
        line.pending = option;
      }
    } else if (line.command !== undefined) line.positionals.push(word);
    else {
      line.command = commands.find(({ name }) => name === line.group + word);
      if (commands.some(({ name }) => name.startsWith(`${line.group}${word} `))) {
        line.group += `${word} `;
      }
    }
  }
  return line;
}

function optionsOf(command: Command | undefined): readonly OptionDefinition[] {
  return [...command?.options ?? [EXTENSION_OPTION], ...SHARED_OPTIONS];
}

/** Returns `-o` and `--output` of `-o, --output <file>`. */
function formsOf(option: OptionDefinition): string[] {
  return option.flags.split(/[ ,]+/).filter((part) => part.startsWith("-"));
}

function wordsAfter(group: string, commands: readonly Command[]): string[] {
  const words = commands.filter(({ name, hidden }) => !hidden && name.startsWith(group))
    .map(({ name }) => name.slice(group.length).replace(/ .*/, ""));
  return [...new Set(words)];
}

async function namesFrom(registry: Registry, prefix: string): Promise<string[]> {
  if (prefix.includes("@")) return [];
  return await Array.fromAsync(registry.names({ prefix, limit: MOST }));
}

async function refsFrom(registry: Registry, typed: string): Promise<string[]> {
  const at = typed.indexOf("@");
  if (at < 0) {
    const names = await namesFrom(registry, typed);
    return names.length === 1 ? [...names, `${names}@`] : names; // two: the shell adds no space
  }
  const name = typed.slice(0, at);
  const selectors = ["latest", ...await OF_REF.alias(registry, name)];
  for await (const { version } of registry.versions(name, { limit: MOST })) selectors.push(version);
  return selectors.map((selector) => `${name}@${selector}`).filter((ref) => ref.startsWith(typed));
}
