/**
 * Operators of the user's own code.
 *
 * @module
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { RegistryError } from "../../mod.ts";
import { isOperators } from "../../operators/mod.ts";
import type { Operators } from "../../operators/mod.ts";
import { toReportable } from "../program/exit_code.ts";

/** Where operators are looked for when nobody says where. */
export const OPERATORS_FILE = "operators.ts";

/**
 * Imports a module of the user's and gives the set that it exports as `operators`. The module is named by whoever runs
 * the command, or by a configuration on this disk: never by what is stored.
 *
 * @param file a path or `file:` URL
 * @param options `cwd`: what a relative path begins at
 * @throws {RegistryError} `NotFound` where there is no such file, `Invalid` where it exports no set, `TaskFailed` where
 * it fails itself, `Unsupported` in a compiled program, which imports only what it was compiled with
 */
export async function loadOperators(file: string, { cwd }: { cwd: string }): Promise<Operators> {
  const path = fileURLToPath(operatorsUrl(file, { cwd }));
  const found = await stat(path).catch(() => undefined);
  if (!found?.isFile()) {
    throw new RegistryError({
      code: "NotFound",
      message: `Cannot load operators: no such file: ${path}`,
      hint: "Write one that has: export const operators = createOperators(), or name yours: --operators FILE",
    });
  }
  const module = await importModule(path);
  if (isOperators(module.operators)) return module.operators;
  const exported = Object.keys(module).join(", ") || "nothing";
  throw new RegistryError({
    code: "Invalid",
    message: `Cannot load operators of ${path}: ${
      "operators" in module ? "what it exports as operators is no set of operators" : `it exports ${exported}`
    }`,
    hint: 'It has to have: export const operators = createOperators(), of "@holdfast/holdfast/operators".',
  });
}

/** The `file:` URL of such a module. */
export function operatorsUrl(file: string, { cwd }: { cwd: string }): string {
  return pathToFileURL(resolve(cwd, pathOf(file))).href;
}

/** A path, or a `file:` URL as a path; another URL would be somebody else's code. */
function pathOf(file: string): string {
  const [scheme] = /^[a-z][a-z0-9+.-]+:/i.exec(file) ?? [];
  if (scheme === undefined) return file;
  try {
    return fileURLToPath(file); // refuses what is no URL of a file, and one of another machine
  } catch (cause) {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot load operators of ${JSON.stringify(file)}: it is no file on this machine`,
      hint: "Give the path of a module; it may import from elsewhere itself.",
      cause,
    });
  }
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (cause) {
    if (isCompiled()) {
      throw new RegistryError({
        code: "Unsupported",
        message: `Cannot load operators of ${path}: a compiled program imports only what it was compiled with`,
        hint: "Run holdfast by deno run instead",
        cause,
      });
    }
    const failure = toReportable(cause);
    throw new RegistryError({
      code: "code" in failure && failure.code === "Denied" ? "Denied" : "TaskFailed",
      message: `Cannot load operators of ${path}: ${failure.message.split("\n")[0]}`,
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
