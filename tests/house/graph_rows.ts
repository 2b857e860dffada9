// The rows of `deno task house` that the import graph gives: what the kernel, the surfaces and the
// extensions are, and how many names lie between them.
import { CONTENTS, framesOfGet, framesOfSave, PATHS } from "../support/frames.ts";
import { LISTS, partsOf, readExtensions } from "./extension_list.ts";
import { BORDERS, ENTRY_POINTS, RECORDS } from "./imports.ts";
import type { Measure } from "./measures.ts";
import { BORDERS_OF_PAGE } from "./parts_of_explorer.ts";
import { pythonLines, readPython } from "./python_graph.ts";
import type { SourceFile } from "./source.ts";

type Files = ReadonlyMap<string, SourceFile>;

/** Entries of the kernel: a registry on a folder or in memory, with all values. */
export const KERNEL_ENTRIES: readonly string[] = [
  "registry/open.ts",
  "materializers/mod.ts",
  "backends/memory.ts",
  "backends/local.ts",
];

/** Entries of the surfaces. */
const SURFACE_ENTRIES: readonly string[] = [
  "mod.ts",
  "apps/cli.ts",
  "apps/client.ts",
  "apps/server.ts",
  "explorer/src/main.ts",
];

/** Borders between extensions and the rest. */
const ALL_BORDERS: readonly string[] = [...BORDERS, ...RECORDS, ...BORDERS_OF_PAGE];

/** Parts that may be absent beside those of the lists: drivers of stores elsewhere, and threads. */
const MAY_BE_ABSENT = [
  /^(extensions|operators|workers)\//,
  /^backends\/(?!(memory|local)([./_]|$)|mod\.ts|drivers\.ts|bucket\/describe)/,
];

/** Code of all rooms on the day on which this row was made, and the prices of what was planned then. */
const MOST_CODE = 158_181 + 7_380;

/** Returns the files that imports reach, without those that may be absent. */
export function reachedFiles(
  files: Files,
  entries: readonly string[],
  { lazy, types, isAbsent }: {
    /** Follow imports that are calls. */
    lazy: boolean;
    /** Follow imports of types. */
    types: boolean;
    isAbsent(path: string): boolean;
  },
): Set<string> {
  const found = new Set(entries.filter((path) => files.has(path)));
  for (const path of found) {
    const file = files.get(path);
    const imports = [...file?.imports ?? []].filter(([, { value }]) => value || types);
    const targets = [...imports.map(([target]) => target), ...lazy ? file?.lazy ?? [] : []];
    targets.filter((target) => files.has(target) && !isAbsent(target)).forEach((target) =>
      found.add(target)
    );
  }
  return found;
}

/** Names that lie between the extensions and the rest, by the file that exports them. */
export function borderNames(files: Files, isGuest: (path: string) => boolean): {
  /** Names that the borders export. */
  borders: Map<string, number>;
  /** Names that extensions import of other files. */
  past: Map<string, number>;
} {
  const names = new Map<string, Set<string>>();
  for (const [path, file] of files) {
    if (!isGuest(path)) continue;
    for (const [target, { names: taken }] of file.imports) {
      const isPast = !isGuest(target) && !ALL_BORDERS.includes(target) &&
        !ENTRY_POINTS.includes(target);
      if (!isPast) continue;
      const known = names.get(target) ?? new Set();
      names.set(target, known);
      taken.forEach((name) => known.add(name));
    }
  }
  return {
    borders: new Map(
      ALL_BORDERS.flatMap((path): [string, number][] => {
        const file = files.get(path);
        return file === undefined ? [] : [[path, file.exports.size]];
      }),
    ),
    past: new Map([...names].map(([path, taken]) => [path, taken.size])),
  };
}

export async function graphRows(files: Files): Promise<Measure[]> {
  const extensions = (await Promise.all(LISTS.map(readExtensions))).flat()
    .flatMap(({ folder }) => partsOf(folder));
  const isOwned = (path: string) =>
    extensions.some((folder) => path === folder || path.startsWith(`${folder}/`));
  const isAbsent = (path: string) =>
    isOwned(path) || MAY_BE_ABSENT.some((pattern) => pattern.test(path));
  const codeOf = (paths: Iterable<string>) =>
    sum([...paths].map((path) => files.get(path)?.code ?? 0));
  const kernel = (lazy: boolean) =>
    codeOf(reachedFiles(files, KERNEL_ENTRIES, { lazy, types: false, isAbsent }));
  const everybody = reachedFiles(files, [...KERNEL_ENTRIES, ...SURFACE_ENTRIES], {
    lazy: true,
    types: true,
    isAbsent,
  });
  const python = sum([...(await readPython()).values()].map(pythonLines));
  const isGuest = (path: string) => isOwned(path) || /^(extensions|operators)\//.test(path);
  const { borders, past } = borderNames(files, isGuest);
  const shown = (counts: Map<string, number>) =>
    [...counts].sort(([, a], [, b]) => b - a).map(([path, count]) => `${path}:${count}`).join(" ");
  return [
    { name: "code of the kernel, by value imports", value: kernel(false), goal: 23_000 },
    { name: "code of the kernel, with what its methods load", value: kernel(true), goal: 28_400 },
    {
      name: "code of the kernel, surfaces, and what they share",
      value: codeOf(everybody) + python,
      goal: 97_000,
    },
    { name: "all code", value: codeOf(files.keys()) + python, goal: MOST_CODE },
    {
      name: "names of borders, and past them",
      value: sum([...borders.values(), ...past.values()]),
      goal: 300,
      where: `${shown(borders)}; ${shown(past)}`,
    },
    {
      name: "files past the borders, of all extensions",
      value: past.size,
      goal: 20,
      where: [...past.keys()].sort().join(" "),
    },
    ...await frameRows(),
  ];
}

async function frameRows(): Promise<Measure[]> {
  const saves = await inOrder(Object.values(CONTENTS), framesOfSave);
  const gets = await inOrder(PATHS, framesOfGet);
  const most = (stacks: string[][]) => Math.max(...stacks.map((stack) => stack.length));
  return [
    { name: "frames of a save", value: most(saves), goal: 15 },
    { name: "frames of a GET of a version", value: most(gets), goal: 22 },
  ];
}

async function inOrder<T, R>(items: readonly T[], call: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const item of items) results.push(await call(item));
  return results;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0);
}
