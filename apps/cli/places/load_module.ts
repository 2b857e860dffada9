// Modules of the user's own code: named by the user or a local configuration, never by stored data.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fault, type RegistryError, unsupported } from "../../../core/errors.ts";
import { mayRead } from "../../../core/may_read.ts";
import { VERSION } from "../../holdfast_version.ts";
import { toReportable } from "../terminal/exit_code.ts";
import { invalid, notFound, shellWord } from "../terminal/hints.ts";
import { offerOwnPackage } from "./own_package.ts";

/** @internal */
interface SetOptions<T> {
  /** The base of a relative path. */
  cwd: string;
  /** The content of the module, for messages: `operators`. */
  what: string;
  name: string;
  missing: string;
  isSet(value: unknown): boolean;
  /** The function that creates a set, and the entry point that exports it. */
  maker: [name: string, entry: string];
  /** Returns the set of a module without this export. @default none: an error */
  otherwise?(): T;
}

/**
 * Imports a module and returns the set that it exports.
 *
 * @param file a path or `file:` URL
 * @throws {RegistryError} `NotFound` for a missing file, `TaskFailed` if it fails itself, `Invalid`
 * if it exports no set, `Unsupported` in a compiled program
 */
export async function loadSet<T>(file: string, options: SetOptions<T>): Promise<T> {
  const { what, name, isSet, maker: [maker, entry], otherwise } = options;
  const { path, exported } = await importFile(file, options);
  if (otherwise !== undefined && !(name in exported)) return otherwise();
  const set = await exported[name];
  if (isSet(set)) return set as T;
  throw invalid(
    `load ${what} of ${path}`,
    name in exported
      ? `its export ${name} is not a set of ${name}`
      : `it exports ${Object.keys(exported).join(", ") || "nothing"}`,
    `Add: export const ${name} = ${maker}(), from "@holdfast/holdfast/${entry}".`,
  );
}

/**
 * Imports a module of the user.
 *
 * @param file a path or `file:` URL
 * @throws {RegistryError} `NotFound` for a missing file, `TaskFailed` if it fails itself,
 * `Unsupported` in a compiled program
 */
export async function importFile(
  file: string,
  { cwd, what, missing }: Pick<SetOptions<unknown>, "cwd" | "what" | "missing">,
): Promise<{ path: string; exported: Record<string, unknown> }> {
  const path = pathOf(file, { cwd, what });
  const found = mayRead(path) && await stat(path).catch(() => null);
  if (found !== false && !found?.isFile()) {
    const state = found === null ? "no such file" : "not a file";
    throw notFound(`load ${what}`, `${state}: ${path}`, missing);
  }
  return { path, exported: await importModule(path, what) };
}

/** Returns the path of a module. A URL of another host would be foreign code. */
function pathOf(file: string, { cwd, what }: Pick<SetOptions<unknown>, "cwd" | "what">): string {
  try {
    return resolve(cwd, /^[a-z][a-z0-9+.-]+:/i.test(file) ? fileURLToPath(file) : file);
  } catch (cause) {
    const hint = "Pass a local path. The module may import remote modules.";
    const action = `load ${what} of ${JSON.stringify(file)}`;
    throw invalid(action, "not a local file", hint, cause);
  }
}

async function importModule(path: string, what: string): Promise<Record<string, unknown>> {
  try {
    offerOwnPackage(path);
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    const action = `load ${what} of ${path}`;
    const { Deno } = globalThis as { Deno?: { build?: { standalone?: boolean } } };
    if (Deno?.build?.standalone === true) {
      const state = "a compiled program can import only what it was compiled with";
      const hint = "Run holdfast from a clone, by Deno or from npm instead.";
      throw fault({ code: "Unsupported", action, state, hint, cause });
    }
    const failure = toReportable(cause);
    if (/^Module not found .*\/bin\/\.[^/]+\//.test(failure.message)) {
      throw badInstall(action, cause);
    }
    const isDenied = "code" in failure && failure.code === "Denied";
    throw fault({
      code: isDenied ? "Denied" : "TaskFailed",
      action,
      state: failure.message.replace(/\n.*/s, ""),
      hint: isDenied ? failure.hint : checkHint(path, failure.message),
      cause,
    });
  }
}

function checkHint(path: string, message: string): string {
  // Node: `npm init` makes packages of CommonJS.
  if (/outside a module|Unexpected token 'export'/.test(message)) {
    return "Make the package one of ES modules: npm pkg set type=module";
  }
  if (/Cannot find (package|module) '@holdfast\/holdfast/.test(message)) {
    return "Install the package beside it: npm install @holdfast/holdfast";
  }
  const [, bare] = /Import "(@holdfast\/holdfast[^"]*)" not a dependency/.exec(message) ?? [];
  if (bare !== undefined) {
    return `Import it from JSR: "jsr:${bare.replace(/^@holdfast\/holdfast/, `$&@${VERSION}`)}"`;
  }
  if (
    /@holdfast\/.*(not|n't) provide an export named|No matching export.*@holdfast\//.test(message)
  ) {
    return `This is Holdfast ${VERSION}: import only what this release has.`;
  }
  const program = "Deno" in globalThis ? "deno check" : "Bun" in globalThis ? "bun" : "node";
  return `Check it alone: ${program} ${JSON.stringify(path)}`;
}

/** Deno searches this library beside the copy of a configuration that it was installed with. */
function badInstall(action: string, cause: unknown): RegistryError {
  const clone = fileURLToPath(new URL("../../..", import.meta.url));
  return unsupported(action, undefined, "holdfast was installed with a copy of its deno.json", {
    hint: `Install it again: cd ${shellWord(clone)} && deno task install`,
    cause,
  });
}
