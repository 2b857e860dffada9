// The import graph of the Python package: imports in functions and for types alone count too.
import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "@std/path";
import type { ModuleGraph } from "../support/module_graph.ts";
import { REPOSITORY } from "../support/run_deno.ts";

const PACKAGE = join(REPOSITORY, "python/holdfast");
const STRING = /"""[^]*?"""/g;
const RELATIVE = /^[ \t]*from (\.+)([\w.]*) import (\([^)]*\)|.*)$/gm;
const ABSOLUTE = /^[ \t]*(?:from|import) holdfast\b.*$/m;

/** Returns the sources of the package by their paths in it. */
export async function readPython(): Promise<Map<string, string>> {
  const paths = (await readdir(PACKAGE, { recursive: true })).filter((path) =>
    path.endsWith(".py")
  );
  const read = async (path: string) => [path, await readFile(join(PACKAGE, path), "utf8")] as const;
  return new Map(await Promise.all(paths.toSorted().map(read)));
}

/** Counts the lines of a module that are neither empty nor only a comment or a docstring. */
export function pythonLines(text: string): number {
  return text.replaceAll(STRING, "").split("\n").filter((row) => /^\s*[^#\s]/.test(row)).length;
}

/** Returns which modules of the package each of them imports. */
export function pythonGraph(sources: ReadonlyMap<string, string>): ModuleGraph {
  return new Map(Array.from(sources, ([path, text]) => {
    const code = text.replaceAll(STRING, "");
    const [absolute] = ABSOLUTE.exec(code) ?? [];
    if (absolute !== undefined) throw new Error(`${path}: write a relative import: ${absolute}`);
    const targets = Array.from(
      code.matchAll(RELATIVE),
      ([, dots = "", module = "", names = ""]) => {
        const folder = join(dirname(path), "../".repeat(dots.length - 1));
        const places = module === ""
          ? Array.from(names.matchAll(/(\w+)(?: as \w+)?,?/g), ([, name]) => join(folder, name!))
          : [join(folder, module.replaceAll(".", "/"))];
        return places.map((place) =>
          sources.has(`${place}.py`) ? `${place}.py` : `${place}/__init__.py`
        );
      },
    ).flat();
    const missing = targets.find((target) => !sources.has(target));
    if (missing !== undefined) throw new Error(`${path} imports ${missing}, which does not exist`);
    return [path, [...new Set(targets)]];
  }));
}
