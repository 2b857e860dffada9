// Loads extensions of the user. Each is checked before the line is parsed, which may call its commands.
import { fault } from "../../../../core/errors.ts";
import { shown } from "../../../../core/naming/names.ts";
import {
  inRange,
  isRange,
  parseVersion,
  parseVersionRange,
} from "../../../../core/naming/versions.ts";
import { checkOptions, type OptionNames } from "../../../../core/options/check_options.ts";
import { VERSION } from "../../../holdfast_version.ts";
import { importFile } from "../../places/load_module.ts";
import type { Command } from "../command.ts";
import type { CommandSet, Extension } from "../extension.ts";
import { invalid, shellWord } from "../../terminal/hints.ts";
import type { NamedModule } from "./named_modules.ts";
import { releaseOf } from "./stamp.ts";

/** Parts of a program that an extension must not take. */
interface Taken {
  /** The extensions of the program. */
  extensions: readonly Extension[];
  /** The names of its commands, or their first words. */
  commands: readonly string[];
}

/**
 * Loads extensions, and checks that they can stand beside those of the program.
 *
 * @throws {RegistryError} `NotFound` for a missing file, `TaskFailed` if it fails itself, `Invalid`
 * if it has no extension, or one that cannot be added, `Unsupported` for one of another release
 */
export async function loadExtensions(
  modules: readonly NamedModule[],
  taken: Taken,
): Promise<Extension[]> {
  const loaded = new Set<Extension>();
  for (const { module, cwd, missing } of modules) {
    refusePackage(module);
    const { path, exported } = await importFile(module, { cwd, missing, what: "extension" });
    const extension = await exported.extension;
    if (loaded.has(extension as Extension)) continue; // named twice
    const action = `load extension of ${path}`;
    checkDefined(action, extension, exported);
    check(action, extension, {
      extensions: [...taken.extensions, ...loaded],
      commands: [...taken.commands, ...[...loaded].flatMap(commandsOf)],
    });
    loaded.add(extension);
  }
  return Array.from(loaded, shownInHelp);
}

/** Only a module of the user decides which code of others runs. */
function refusePackage(module: string): void {
  if (!/^(npm|jsr|https?):/i.test(module)) return;
  const from = shown("Deno" in globalThis ? module : module.replace(/^(npm|jsr):/i, ""));
  const hint =
    `Write a module that exports it, and pass its path: export { extension } from ${from};`;
  throw invalid(`load extension of ${shown(module)}`, "it is not a file of this machine", hint);
}

const DEFINE = 'export const extension = defineExtension({ name: "mine" }), ' +
  'from "@holdfast/holdfast/extending".';

/** Throws for a value that this copy of Holdfast has not defined: its calls would reach another copy. */
function checkDefined(
  action: string,
  extension: unknown,
  exported: Readonly<Record<string, unknown>>,
): asserts extension is Extension {
  const release = releaseOf(extension);
  if (release === "own") return;
  if (release === undefined) {
    const names = Object.keys(exported).join(", ") || "nothing";
    const state = "extension" in exported
      ? "defineExtension has not defined its export `extension`"
      : `it exports ${names}, and no \`extension\``;
    throw invalid(action, state, `Write: ${DEFINE}`);
  }
  const which = release === VERSION ? "another copy of Holdfast" : `Holdfast ${release}`;
  throw fault({
    code: "Unsupported",
    action,
    state: `it imports ${which}, and this program is Holdfast ${VERSION}`,
    hint:
      "Run the program of the copy that it imports, such as npx holdfast, or let it import this one.",
  });
}

/** Each member of an extension. */
export const MEMBERS: OptionNames<Extension> = {
  name: true,
  holdfast: true,
  commands: true,
  hints: true,
  ofRegistry: true,
  words: true,
  suggestions: true,
  serving: true,
  adding: true,
  adds: true,
  working: true,
  records: true,
  maintains: true,
  tokens: true,
};

function check(action: string, extension: Extension, taken: Taken): void {
  checkOptions(action, extension, MEMBERS, ["name"]);
  const { name, holdfast = "*", commands = [] } = extension;
  if (typeof name !== "string" || !/^[a-z][a-z0-9_-]{0,39}$/.test(name)) {
    throw invalid(action, `its name is ${shown(name)}`, 'Name it by one word: "cards".');
  }
  if (taken.extensions.some((other) => other.name === name)) {
    const hint = "Choose another name, or load only one of them.";
    throw invalid(action, `another extension has the name ${shown(name)}`, hint);
  }
  if (!isRange(holdfast)) {
    throw invalid(action, `its range is ${shown(holdfast)}`, 'Write: "^0.1".');
  }
  if (!inRange(parseVersion(VERSION), parseVersionRange(holdfast))) {
    throw fault({
      code: "Unsupported",
      action,
      state: `it is for Holdfast ${holdfast}, and this is ${VERSION}`,
      hint: "Use a release of the extension for this one.",
    });
  }
  if (!Array.isArray(commands) || !commands.every(isCommandSet)) {
    const hint = "Write: commands: [{ load: { hello: async () => (await import(…)).hello } }]";
    const state = "its commands are not a list of { load }, with functions by one word or two";
    throw invalid(action, state, hint);
  }
  for (const command of commandsOf(extension)) {
    const other = taken.commands.find((each) => areSame(each, command));
    if (other === undefined) continue;
    const hint = `Choose another name, such as ${shown(`${name} ${command.split(" ").at(-1)}`)}.`;
    throw invalid(action, `its command ${shown(command)} exists in Holdfast`, hint);
  }
}

function isCommandSet(set: Partial<CommandSet> | null): boolean {
  const load: unknown = set?.load;
  return typeof load === "object" && load !== null &&
    Object.entries(load).every(([name, each]) =>
      /^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)?$/.test(name) && typeof each === "function"
    );
}

function commandsOf({ commands = [] }: Extension): string[] {
  return commands.flatMap(({ load }) => Object.keys(load));
}

/** True for the same command, and for a group and a command of that name: `rules` and `rules mine`. */
function areSame(a: string, b: string): boolean {
  return a === b || a === b.split(" ")[0] || b === a.split(" ")[0];
}

/** Returns an extension whose commands the help lists, and which are what their names say. */
function shownInHelp(extension: Extension): Extension {
  const sets = (extension.commands ?? []).map((set): CommandSet => ({
    ...set.group === undefined ? { group: "extensions", title: "Commands of your extensions" } : {},
    ...set,
    load: Object.fromEntries(
      Object.entries(set.load).map(([name, load]) => [
        name,
        async (all) => checkLoaded(name, extension, await load(all)),
      ]),
    ),
  }));
  return { ...extension, commands: sets };
}

function checkLoaded(
  name: string,
  extension: Extension,
  loaded: Command | readonly Command[],
): Command | readonly Command[] {
  const action = `load the command ${shellWord(name)} of extension ${extension.name}`;
  for (const command of [loaded].flat() as Partial<Command>[]) {
    if (typeof command?.run !== "function") {
      const hint = 'Return a command of defineCommand, from "@holdfast/holdfast/extending/cli".';
      throw invalid(action, "its function returns no command", hint);
    }
    if (command.name !== name && !command.name?.startsWith(`${name} `)) {
      const hint = `Use one name in both: ${name}`;
      throw invalid(action, `the command has the name ${shown(command.name)}`, hint);
    }
  }
  return loaded;
}
