// Modules of the user's own code.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { fault } from "../../../core/errors.ts";
import { toReportable } from "../program/exit_code.ts";

export interface ModulePlace {
  /** What a relative path begins at. */
  cwd: string;
  /** What it is to have, for messages: `operators`. */
  what: string;
}

export interface LoadedModule {
  /** Its path, absolute. */
  path: string;
  exported: Record<string, unknown>;
}

/**
 * Imports a module that whoever runs the command names, or a configuration on this disk: never what is stored.
 *
 * @param file a path or `file:` URL
 * @param place `missing` is the hint where there is none
 * @throws {RegistryError} `NotFound` where there is no such file, `TaskFailed` where it fails itself, `Unsupported` in a
 * compiled program, which imports only what it was compiled with
 */
export async function loadModule(
  file: string,
  { missing, ...place }: ModulePlace & { missing: string },
): Promise<LoadedModule> {
  const path = fileURLToPath(moduleUrl(file, place));
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return { path, exported: await importModule(path, place) };
  throw fault({
    code: "NotFound",
    action: "load",
    subject: place.what,
    state: `no such file: ${path}`,
    hint: missing,
  });
}

/**
 * Imports such a module, and gives the set that it exports as `what`.
 *
 * @param options `maker`: what makes a set, and the entry point that exports it
 * @throws {RegistryError} as {@linkcode loadModule}; `Invalid` where it exports no set
 */
export async function loadSet<T>(
  file: string,
  { cwd, what, missing, isSet, name = what, maker: [maker, entry] }: ModulePlace & {
    name?: string;
    missing: string;
    isSet(value: unknown): boolean;
    maker: [name: string, entry: string];
  },
): Promise<T> {
  const { path, exported } = await loadModule(file, { cwd, what, missing });
  const set = await exported[name];
  if (isSet(set)) return set as T;
  const names = Object.keys(exported).join(", ") || "nothing";
  throw fault({
    code: "Invalid",
    action: `load ${what} of`,
    subject: path,
    state: name in exported
      ? `what it exports as ${name} is no set of ${name}`
      : `it exports ${names}`,
    hint: `It has to have: export const ${name} = ${maker}(), of "@holdfast/holdfast/${entry}".`,
  });
}

/** The `file:` URL of such a module. */
export function moduleUrl(file: string, { cwd, what }: ModulePlace): string {
  return pathToFileURL(resolve(cwd, pathOf(file, what))).href;
}

/** A path, or a `file:` URL as a path; another URL would be somebody else's code. */
function pathOf(file: string, what: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]+:/i.exec(file) ?? [];
  if (scheme === undefined) return file;
  try {
    return fileURLToPath(file); // refuses what is no URL of a file, and one of another machine
  } catch (cause) {
    throw fault({
      code: "Invalid",
      action: "load",
      subject: `${what} of ${JSON.stringify(file)}`,
      state: "it is no file on this machine",
      hint: "Give the path of a module; it may import from elsewhere itself.",
      cause,
    });
  }
}

async function importModule(path: string, { what }: ModulePlace): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    if (isCompiled()) {
      throw fault({
        code: "Unsupported",
        action: "load",
        subject: `${what} of ${path}`,
        state: "a compiled program imports only what it was compiled with",
        hint: "Run holdfast by deno run instead",
        cause,
      });
    }
    const failure = toReportable(cause);
    throw fault({
      code: "code" in failure && failure.code === "Denied" ? "Denied" : "TaskFailed",
      action: "load",
      subject: `${what} of ${path}`,
      state: failure.message.split("\n")[0],
      hint: "hint" in failure && failure.code === "Denied"
        ? failure.hint
        : `Try it alone: deno check ${JSON.stringify(path)}`,
      cause,
    });
  }
}

function isCompiled(): boolean {
  const { Deno } = globalThis as { Deno?: { build?: { standalone?: boolean } } };
  return Deno?.build?.standalone === true;
}
