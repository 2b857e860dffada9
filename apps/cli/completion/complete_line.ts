// What a shell may offer at the end of a command line.
import type { Registry } from "../../../mod.ts";
import { SHARED_OPTIONS } from "../program/command.ts";
import type { Command, Completes, OptionDefinition } from "../program/command.ts";

/** Most names or versions that are offered. */
const MOST = 200;
/** What the names of plans of runs end with. */
const RUNS = ":run";

export interface CompleteLineOptions {
  commands: readonly Command[];
  open(registry: string | undefined): Promise<Registry>;
  /** The names of registries, without the `@`. @default none */
  remotes?: readonly string[];
}

/**
 * The words that may stand at the end of a line.
 *
 * @param words the words behind the program's name; the last is the one being typed, perhaps empty
 */
export async function completeLine(
  words: readonly string[],
  options: CompleteLineOptions,
): Promise<string[]> {
  const { commands, open, remotes = [] } = options;
  const typed = words.at(-1) ?? "";
  const { command, group, positional, pending, registry } = readWords(words.slice(0, -1), commands);
  const among = (candidates: readonly string[]) =>
    candidates.filter((candidate) => candidate.startsWith(typed));
  const thing = async (completes: Completes | undefined): Promise<string[]> => {
    if (completes === "command") return among(wordsBehind("", commands));
    if (completes === "place") {
      return among(remotes.map((name) => typed.startsWith("@") ? `@${name}` : name));
    }
    if (completes === "remote") return among(remotes);
    if (!isOfRegistry(completes)) return []; // the shell itself knows files
    if (!typed.startsWith("@")) return await inRegistry(completes, await open(registry), typed);
    const [, remote, rest] = /^(@[^/]+)\/(.*)$/s.exec(typed) ?? [];
    const found = remote === undefined ? among(remotes.map((name) => `@${name}/`)) : [`${remote}/`];
    if (found.length !== 1) return found;
    const [prefix] = found; // one word alone would get a blank behind it: go on with what is in it
    const there = await inRegistry(completes, await open(prefix.slice(0, -1)), rest ?? "");
    return there.map((word) => prefix + word);
  };
  if (pending !== undefined) {
    return pending.choices ? among(pending.choices) : await thing(pending.completes);
  }
  if (typed.startsWith("-")) return among(optionsOf(command).flatMap(formsOf).concat("--help"));
  if (command === undefined) return among(wordsBehind(group, commands));
  const last = command.args.at(-1);
  const argument = command.args[positional] ?? (last?.usage.includes("...") ? last : undefined);
  return await thing(argument?.completes);
}

const OF_REGISTRY = { name: namesFrom, ref: refsFrom, run: runsFrom } as const;

function isOfRegistry(completes: Completes | undefined): completes is keyof typeof OF_REGISTRY {
  return completes !== undefined && Object.hasOwn(OF_REGISTRY, completes);
}

function inRegistry(
  completes: keyof typeof OF_REGISTRY,
  registry: Registry,
  typed: string,
): Promise<string[]> {
  return OF_REGISTRY[completes](registry, typed);
}

interface Line {
  command?: Command;
  /** Words that several commands begin with, with a blank behind, where no command is there yet. */
  group: string;
  positional: number;
  pending?: OptionDefinition;
  registry?: string;
}

function readWords(words: readonly string[], commands: readonly Command[]): Line {
  const line: Line = { group: "", positional: 0 };
  for (const word of words) {
    if (line.pending !== undefined) {
      if (line.pending.flags.includes("--registry")) line.registry = word;
      line.pending = undefined;
    } else if (word.startsWith("-") && word !== "-") {
      const [form, value] = word.split("=", 2);
      const option = optionsOf(line.command).find((option) => formsOf(option).includes(form));
      if (form === "--registry" && value !== undefined) line.registry = value;
      if (option !== undefined && value === undefined && /[<[]/.test(option.flags)) {
        line.pending = option;
      }
    } else if (line.command !== undefined) line.positional++;
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
  return [...command?.options ?? [], ...SHARED_OPTIONS];
}

/** `-o, --output <file>` as `-o` and `--output`. */
function formsOf(option: OptionDefinition): string[] {
  return option.flags.split(/[ ,]+/).filter((part) => part.startsWith("-"));
}

/** The next words of the commands that begin with this group. */
function wordsBehind(group: string, commands: readonly Command[]): string[] {
  const names = commands.filter(({ name, hidden }) => !hidden && name.startsWith(group)).map((
    { name },
  ) => name);
  return [...new Set(names.map((name) => name.slice(group.length).split(" ")[0]))];
}

async function namesFrom(registry: Registry, prefix: string): Promise<string[]> {
  if (prefix.includes("@")) return [];
  return await Array.fromAsync(registry.names({ prefix, limit: MOST }));
}

/** `training@3` for the versions of `training:run`; before the @ the pipelines. */
async function runsFrom(registry: Registry, typed: string): Promise<string[]> {
  const [pipeline, number] = typed.split("@");
  if (number === undefined) {
    const names = await Array.fromAsync(registry.names({ prefix: typed }));
    const pipelines = names.filter((name) => name.endsWith(RUNS)).map((name) =>
      name.slice(0, -RUNS.length)
    );
    return pipelines.length === 1 ? [pipelines[0], `${pipelines[0]}@`] : pipelines.slice(0, MOST);
  }
  const runs: string[] = [];
  for await (const { version } of registry.versions(pipeline + RUNS, { limit: MOST })) {
    runs.push(`${pipeline}@${version.split(".")[0]}`);
  }
  return runs.filter((run) => run.startsWith(typed));
}

async function refsFrom(registry: Registry, typed: string): Promise<string[]> {
  const at = typed.indexOf("@");
  if (at < 0) {
    const names = await namesFrom(registry, typed);
    return names.length === 1 ? [names[0], `${names[0]}@`] : names; // so that the shell puts no blank behind it
  }
  const name = typed.slice(0, at);
  const selectors = ["latest", ...Object.keys(await registry.aliases(name))];
  for await (const { version } of registry.versions(name, { limit: MOST })) selectors.push(version);
  return selectors.map((selector) => `${name}@${selector}`).filter((ref) => ref.startsWith(typed));
}
