// The measures of the house: what tells that rooms grow together, or that a function does too much.
import { BORDERS, ENTRY_POINTS, EXTENSIONS, RECORDS } from "./imports.ts";
import { graphRows } from "./graph_rows.ts";
import { type FunctionShape, readProduct, type SourceFile } from "./source.ts";

export interface Measure {
  name: string;
  value: number;
  /** The goal. */
  goal: number;
  /** Its location: the worst one, or all of them. */
  where?: string;
}

type Files = ReadonlyMap<string, SourceFile>;
type Graph = ReadonlyMap<string, readonly string[]>;

const EXPLORER = "explorer/";

/** The kernel: without one of these, a save or a load on some store is not right. */
export const KERNEL =
  /^(core|disk|registry|backends|materializers|workers|apps\/client)[/.]|^mod\.ts$/;

export async function measureHouse(): Promise<Measure[]> {
  const files = await readProduct();
  return [...measures(files, ENTRY_POINTS), ...await graphRows(files)];
}

/** @param entries The files of the entry points. */
export function measures(files: Files, entries: readonly string[]): Measure[] {
  const all = [...files.values()];
  const page = all.filter(({ path }) => path.startsWith(EXPLORER));
  const others = all.filter((file) => !page.includes(file));
  const functions = all.flatMap((file) => file.functions);
  const longest = most(functions, ({ lines }) => lines);
  const branchiest = most(functions, ({ branches }) => branches);
  const largest = most(all, ({ lines }) => lines);
  const rings = ringsOfFolders(files);
  const chain = longestChain(beforeBorder(graphOf(files, { types: false })));
  const inner = innerFilesReached(files, "registry/", [...entries, ...RECORDS]);
  const spread = all.filter(({ spreads }) => spreads > 0);
  return [
    {
      name: "rings of the children of a folder",
      value: rings.length,
      goal: 0,
      where: rings.map((ring) => ring.join(" ")).join("; "),
    },
    {
      name: "longest chain of value imports",
      value: chain.length,
      goal: 16,
      where: chain.join(" > "),
    },
    {
      name: "files of registry/ imported past entry points",
      value: inner.length,
      goal: 15,
      where: inner.join(" "),
    },
    ...measuresOfExtensions(files, entries),
    { name: "longest file", value: largest.lines, goal: 400, where: largest.path },
    { name: "longest function", value: longest.lines, goal: 100, where: longest.at },
    { name: "most branches", value: branchiest.branches, goal: 20, where: branchiest.at },
    {
      name: "literals spread into a literal",
      value: sum(spread.map(({ spreads }) => spreads)),
      goal: 0,
      where: spread.map(({ path }) => path).join(" "),
    },
    { name: "`!` per 1,000 lines of code", value: assertionsPerLine(others), goal: 5 },
    { name: "the same in the explorer", value: assertionsPerLine(page), goal: 8 },
    { name: "members of Backend", value: membersOf(files, "Backend"), goal: 16 },
    { name: "options of put", value: membersOf(files, "PutOptions"), goal: 6 },
  ];
}

/** Returns the folder whose surface or service a folder is: `operators/` of `operators/surface/`. */
function wholeFolderOf(folder: string): string {
  return folder.replace(/(surface|service)\/$/, "");
}

/** How far extensions are from a folder of their own, by the extension that is furthest. */
function measuresOfExtensions(files: Files, entries: readonly string[]): Measure[] {
  const each = Object.keys(EXTENSIONS).map((folder) => {
    const inside = [...files.values()].filter(({ path }) => path.startsWith(folder));
    const nested = Object.keys(EXTENSIONS).filter((other) =>
      other !== folder && other.startsWith(folder)
    );
    const importers = [...files.values()].filter((file) =>
      !inside.includes(file) && !entries.includes(file.path) &&
      [...file.imports.keys()].some((path) =>
        path.startsWith(folder) && !nested.some((other) => path.startsWith(other))
      )
    );
    const targets = new Set(inside.flatMap((file) => [...file.imports.keys()]));
    const inner = [...targets].filter((path) =>
      !path.startsWith(wholeFolderOf(folder)) && !BORDERS.includes(path) && !entries.includes(path)
    );
    return { folder, importers: importers.length, inner: inner.length };
  });
  const tied = most(each, ({ importers }) => importers);
  const deep = most(each, ({ inner }) => inner);
  return [
    {
      name: "files that import an extension",
      value: tied.importers,
      goal: 1,
      where: tied.folder,
    },
    {
      name: "files past the borders that an extension imports",
      value: deep.inner,
      goal: 25,
      where: deep.folder,
    },
  ];
}

/** Non-null assertions per 1,000 lines of code, rounded up to a tenth. */
function assertionsPerLine(files: readonly SourceFile[]): number {
  const code = sum(files.map((file) => file.code));
  return code === 0 ? 0 : Math.ceil(10_000 * sum(files.map((file) => file.assertions)) / code) / 10;
}

/** Files below a folder whose values are imported from outside it, without the entry points. */
function innerFilesReached(files: Files, folder: string, entries: readonly string[]): string[] {
  const outside = [...files.values()].filter(({ path }) => !path.startsWith(folder));
  const targets = outside.flatMap((file) =>
    [...file.imports].filter(([, { value }]) => value).map(([target]) => target)
  );
  return [...new Set(targets)].filter((target) =>
    target.startsWith(folder) && !entries.includes(target)
  ).sort();
}

/** The long or branching functions of the product, the longest first: what to take apart next. */
export async function functionsToSplit(): Promise<FunctionShape[]> {
  return [...(await readProduct()).values()].flatMap((file) => file.functions)
    .filter(({ lines, branches }) => lines > 80 || branches > 15)
    .sort((a, b) => b.lines - a.lines);
}

/** The import graph; `types` includes imports that only types need. */
export function graphOf(files: Files, { types }: { types: boolean }): Graph {
  return new Map([...files].map(([path, file]) => [
    path,
    [...file.imports].filter(([, { value }]) => types || value).map(([target]) => target),
  ]));
}

/** Removes the edges to the border of the registry: a reader of an extension stops there. */
function beforeBorder(graph: Graph): Graph {
  return new Map([...graph].map(([path, targets]) => [
    path,
    targets.filter((target) => !RECORDS.includes(target)),
  ]));
}

/** The longest path through a graph. An edge that would close a ring is left out. */
export function longestChain(graph: Graph): string[] {
  const known = new Map<string, string[]>();
  const open = new Set<string>();
  const from = (path: string): string[] => {
    const found = known.get(path);
    if (found !== undefined || open.has(path)) return found ?? [];
    open.add(path);
    const chains = (graph.get(path) ?? []).map(from);
    open.delete(path);
    const chain = [path, ...most([[], ...chains], (each) => each.length)];
    known.set(path, chain);
    return chain;
  };
  return most([[], ...[...graph.keys()].map(from)], (chain) => chain.length);
}

/**
 * Children of a folder, at any depth, that lead to each other. Right below a room, imports of types
 * count too.
 */
export function ringsOfFolders(files: Files): string[][] {
  const folders = new Set([...files.keys()].flatMap(foldersAbove));
  return [...folders].flatMap((folder) => {
    const graph = new Map<string, Set<string>>();
    for (const file of files.values()) {
      if (!file.path.startsWith(folder)) continue;
      const from = childOf(folder, file.path);
      const targets = graph.get(from) ?? new Set();
      graph.set(from, targets);
      for (const [target, { value }] of file.imports) {
        const counts = value || folder === `${roomOf(folder)}/`;
        if (counts && target.startsWith(folder)) targets.add(childOf(folder, target));
      }
    }
    return ringsOf(new Map([...graph].map(([from, targets]) => [from, [...targets]])));
  });
}

/** The sets of nodes that reach each other. */
export function ringsOf(graph: Graph): string[][] {
  const reach = new Map([...graph.keys()].map((node) => [node, reached(graph, node)]));
  const done = new Set<string>();
  return [...graph.keys()].flatMap((node) => {
    if (done.has(node)) return [];
    const ring = [...reach.get(node)!].filter((other) =>
      other !== node && reach.get(other)?.has(node)
    );
    [node, ...ring].forEach((each) => done.add(each));
    return ring.length > 0 ? [[node, ...ring].sort()] : [];
  });
}

function reached(graph: Graph, from: string): Set<string> {
  const found = new Set([from]);
  for (const node of found) graph.get(node)?.forEach((target) => found.add(target));
  return found;
}

/** `core` for `core/disk/stage.ts`. */
function roomOf(path: string): string {
  return path.split("/")[0];
}

/** `core/` and `core/disk/` for `core/disk/stage.ts`. */
function foldersAbove(path: string): string[] {
  const names = path.split("/").slice(0, -1);
  return names.map((_, i) => `${names.slice(0, i + 1).join("/")}/`);
}

/** In `core/`, `core/disk/` for `core/disk/stage.ts` and `core/errors.ts` for itself. */
function childOf(folder: string, path: string): string {
  const [name, ...rest] = path.slice(folder.length).split("/");
  return `${folder}${name}${rest.length > 0 ? "/" : ""}`;
}

/** Members of the contract of this name in `core/`, with those of the contracts that it extends. */
function membersOf(files: Files, name: string): number {
  const shapes = [...files.values()].filter(({ path }) => roomOf(path) === "core")
    .flatMap(({ interfaces }) => interfaces.get(name) ?? []);
  return sum(
    shapes.map(({ members, bases }) => members + sum(bases.map((base) => membersOf(files, base)))),
  );
}

function sum(numbers: number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}

function most<T>(values: readonly T[], of: (value: T) => number): T {
  return values.reduce((a, b) => of(b) > of(a) ? b : a);
}
