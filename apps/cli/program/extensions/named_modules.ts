// Modules with extensions of the user: the command line or the user's own configuration names them, never
// stored data.
import fs from "node:fs";
import { dirname } from "node:path";
import { mayRead } from "../../../../core/may_read.ts";
import { shown } from "../../../../core/naming/names.ts";
import type { System } from "../../../../core/system.ts";
import { configurationFile, readConfiguration } from "../../../../registry/places/mod.ts";
import { invalid } from "../../terminal/hints.ts";
import { EXTENSION_OPTION, SHARED_OPTIONS } from "../command.ts";

const FORM = "--extension";

/**
 * Takes the extensions that a line names before its command. Behind it, where scripts put words of
 * others, none is loaded.
 *
 * @throws {RegistryError} `Invalid` for one without a file
 */
export function splitExtensions(words: readonly string[]): { files: string[]; rest: string[] } {
  const files: string[] = [], rest = [...words];
  for (let at = 0; /^-./.test(rest[at] ?? "") && rest[at] !== "--";) {
    const [form, value] = splitValue(rest[at]!);
    if (form !== FORM) {
      const option = SHARED_OPTIONS.find(({ flags }) => flags.split(/[ ,]+/).includes(form));
      at += value === undefined && option?.flags.includes("<") ? 2 : 1;
      continue;
    }
    const taken = rest.splice(at, value === undefined ? 2 : 1);
    const file = value ?? taken[1] ?? "";
    if (file === "" || file.startsWith("-")) {
      const hint = "Pass the path of a module: holdfast --extension ./mine.ts --help";
      throw invalid("read the command line", `${EXTENSION_OPTION.flags} has no file`, hint);
    }
    files.push(file);
  }
  return { files, rest };
}

/** True for a line with the option behind its command. */
export function isExtensionLate(words: readonly string[]): boolean {
  return words.some((word) => splitValue(word)[0] === FORM);
}

function splitValue(word: string): [form: string, value?: string] {
  const at = word.indexOf("=");
  return at < 0 ? [word] : [word.slice(0, at), word.slice(at + 1)];
}

/** A module with an extension, as a line or a configuration names it. */
export interface NamedModule {
  readonly module: string;
  /** The base of a relative path. */
  readonly cwd: string;
  /** The hint for a missing file. */
  readonly missing: string;
}

/** Returns the modules that `"extensions"` of the user's configuration names. */
export function configuredExtensions(system: System): NamedModule[] {
  const file = configurationFile(system);
  if (file === undefined || !mayRead(file) || !mayNameSome(file)) return [];
  const { extensions = [] } = readConfiguration(file) as { extensions?: unknown };
  const isList = Array.isArray(extensions) &&
    extensions.every((each) => typeof each === "string" && each !== "");
  if (!isList) {
    const hint = 'Write a list of paths: { "extensions": ["./mine.ts"] }';
    throw invalid(`load extensions of ${shown(file)}`, '"extensions" is not a list of paths', hint);
  }
  const missing = `Fix "extensions" in ${file}.`;
  return extensions.map((module) => ({ module, cwd: dirname(file), missing }));
}

/** Other commands than those with extensions do not fail because of a damaged configuration. */
function mayNameSome(file: string): boolean {
  try {
    return fs.readFileSync(file, "utf8").includes('"extensions"');
  } catch {
    return false;
  }
}
