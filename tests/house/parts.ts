// The parts of the product, with their lines of code and those of their tests: the kernel, the
// surfaces, each extension, and what all of these use.
import { readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";
import {
  EXPLORER_FOLDER,
  PRODUCT_FOLDERS,
  sourceFiles,
  TEST_FOLDERS,
} from "../support/source_files.ts";
import { LISTS, partsOf, readExtensions } from "./extension_list.ts";
import { KERNEL } from "./measures.ts";
import { pythonLines, readPython } from "./python_graph.ts";
import { codeLines } from "./source.ts";

export interface Part {
  kind: "kernel" | "surface" | "extension" | "shared";
  /** Its folder; the kernel is one part. */
  name: string;
  code: number;
  tests: number;
}

const SURFACES = ["apps/cli", "apps/server", "explorer/src", "python"];

/** Measures the parts of this repository, the largest of each kind first. */
export async function measureParts(): Promise<Part[]> {
  const extensions = (await Promise.all(LISTS.map(readExtensions))).flat();
  const folders = extensions.map(({ folder }) => folder);
  const parts = new Map<string, Part>();
  const add = (path: string, lines: number, kind: "code" | "tests") => {
    const part = partOf(path, folders);
    if (part === undefined) return;
    if (!parts.has(part.name)) parts.set(part.name, { ...part, code: 0, tests: 0 });
    parts.get(part.name)![kind] += lines;
  };
  const read = (path: string) => readFile(join(REPOSITORY, path), "utf8");
  for (const path of [...await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER]), "mod.ts"]) {
    add(path, codeLines(await read(path)), "code");
  }
  for (const text of (await readPython()).values()) add("python/", pythonLines(text), "code");
  for (const path of await sourceFiles(TEST_FOLDERS)) {
    add(testedBy(path), codeLines(await read(path)), "tests");
  }
  const kinds = ["kernel", "surface", "extension", "shared"];
  return [...parts.values()].filter(({ code }) => code > 0)
    .sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || b.code - a.code);
}

/** Returns the path that a test mirrors: `core/errors_test.ts` for `tests/core/errors_test.ts`. */
function testedBy(path: string): string {
  return path.replace(/^explorer\/tests\//, `${EXPLORER_FOLDER}/`).replace(/^tests\//, "");
}

/** Returns the part of a file: of the folders that contain it, the innermost. */
export function partOf(
  path: string,
  extensions: readonly string[],
): Pick<Part, "kind" | "name"> | undefined {
  const isIn = (folder: string) => path === folder || path.startsWith(`${folder}/`);
  const extension = extensions.filter((folder) => partsOf(folder).some(isIn))
    .toSorted((a, b) => b.length - a.length)[0];
  if (extension !== undefined) return { kind: "extension", name: extension };
  if (KERNEL.test(path)) return { kind: "kernel", name: "kernel" };
  const surface = SURFACES.find(isIn);
  if (surface !== undefined) return { kind: "surface", name: surface };
  const [room = "", ...rest] = path.replace(/^extensions\//, "").split("/");
  return rest.length === 0 ? undefined : { kind: "shared", name: room };
}
