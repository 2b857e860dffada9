// The import graph as Deno sees it: type-only and literal dynamic imports count, unless only what
// is loaded at the start is asked for.
import { writeFile } from "node:fs/promises";
import { fromFileUrl, join, relative } from "@std/path";
import { denoSucceeds, REPOSITORY } from "./run_deno.ts";
import { BUILT_PAGE } from "./source_files.ts";
import { tempRoot } from "./temp_root.ts";

/** From a module to what it imports: paths below the root of the repository, `npm:…` and `node:…`. */
export type ModuleGraph = ReadonlyMap<string, readonly string[]>;

export interface ModuleGraphOptions {
  /** Only what a program loads before it runs: no types, and no imports that are calls. @default false */
  atStart?: boolean;
  /** No types; imports that are calls count. @default false */
  codeOnly?: boolean;
}

interface Dependency {
  isDynamic?: boolean;
  code?: { specifier?: string; error?: string };
  type?: { specifier?: string; error?: string };
}

interface Info {
  roots: string[];
  modules: { specifier: string; error?: string; dependencies?: Dependency[] }[];
}

export async function readModuleGraph(
  files: Iterable<string>,
  { atStart = false, codeOnly = false }: ModuleGraphOptions = {},
): Promise<ModuleGraph> {
  const entry = Array.from(files, (file) => `import ${JSON.stringify(join(REPOSITORY, file))};\n`)
    .join("");
  const { modules, roots } = await denoInfo(entry);
  const graph = new Map<string, string[]>();
  for (const { specifier, error, dependencies = [] } of modules) {
    if (roots.includes(specifier) || isBuilt(specifier)) continue;
    const targets = dependencies.flatMap(({ code, type }) => [code, type])
      .filter((target) => target !== undefined)
      .filter((target) => !isBuilt(target.specifier));
    const failure = error ?? targets.find((target) => target.error !== undefined)?.error;
    if (failure !== undefined) {
      throw new Error(`Cannot read the module graph: ${specifier}: ${failure}`);
    }
    const followed = atStart || codeOnly
      ? dependencies.flatMap((each) => atStart && each.isDynamic ? [] : each.code ?? [])
      : targets;
    graph.set(shortened(specifier), [
      ...new Set(followed.map((target) => shortened(target.specifier!))),
    ]);
  }
  return graph;
}

function isBuilt(specifier: string | undefined): boolean {
  return specifier?.endsWith(`/${BUILT_PAGE}`) ?? false;
}

export function reachable(graph: ModuleGraph, from: string): Set<string> {
  const reached = new Set([from]);
  for (const module of reached) graph.get(module)?.forEach((target) => reached.add(target));
  return reached;
}

/** The first cycle found, as the path around it, or undefined. */
export function findCycle(graph: ModuleGraph): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (module: string): string[] | undefined => {
    if (path.includes(module)) return [...path.slice(path.indexOf(module)), module];
    if (done.has(module)) return undefined;
    path.push(module);
    for (const target of graph.get(module) ?? []) {
      const cycle = visit(target);
      if (cycle !== undefined) return cycle;
    }
    path.pop();
    done.add(module);
    return undefined;
  };
  for (const module of graph.keys()) {
    const cycle = visit(module);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

async function denoInfo(entry: string): Promise<Info> {
  const root = await tempRoot();
  try {
    await writeFile(root.join("entry.ts"), entry);
    const { stdout } = await denoSucceeds([
      "info",
      "--json",
      "--config",
      "deno.json",
      root.join("entry.ts"),
    ]);
    return JSON.parse(stdout);
  } finally {
    await root.remove();
  }
}

/** `core/naming/names.ts` for a file of the repository, `npm:fast-check` for a package, else the specifier. */
function shortened(specifier: string): string {
  if (specifier.startsWith("file:")) return relative(REPOSITORY, fromFileUrl(specifier));
  return specifier.replace(/^(npm|jsr):\/?(@[^/]+\/[^@/]+|[^@/]+).*$/, "$1:$2");
}
