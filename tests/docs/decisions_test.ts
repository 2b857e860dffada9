import { assert, assertEquals, assertFalse } from "@std/assert";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../support/run_deno.ts";
import {
  EXPLORER_FOLDER,
  OTHER_FOLDERS,
  PRODUCT_FOLDERS,
  sourceFiles,
} from "../support/source_files.ts";

const PARTS = ["Context", "Decision", "Price", "What would change it"];

const index = await readText("decisions/README.md");
const rows = Array.from(
  index.matchAll(/^\| (\d{4}) +\| \[.*?\]\((.*?)\) +\|(.*)\|$/gm),
  ([, number, file, merged]) => ({
    number: number!,
    file: file!,
    merged: merged!.match(/\d{4}/g) ?? [],
  }),
);
const files = (await readdir(join(REPOSITORY, "decisions"))).filter((name) => name !== "README.md");

Deno.test("the index of decisions has each page once, and each number once", () => {
  assertEquals(rows.map(({ file }) => file).toSorted(), files.toSorted());
  assertEquals(rows.filter(({ number, file }) => !file.startsWith(`${number}-`)), []);
  const numbers = rows.flatMap(({ number, merged }) => [number, ...merged]).toSorted();
  assertEquals(numbers.filter((number, at) => number === numbers[at - 1]), []);
});

Deno.test("decisions stay out of docs, whose searches would find little else", () => {
  assertFalse(existsSync(join(REPOSITORY, "docs/decisions")), "move it to decisions/");
});

Deno.test("there are at most 60 decisions, each a page with its parts", async () => {
  assert(files.length <= 60, `${files.length}: join pages of one subject`);
  for (const file of files) {
    const text = await readText(`decisions/${file}`);
    assert(text.split("\n").length <= 100, `${file} has more than 100 lines`);
    const missing = PARTS.filter((part) => !new RegExp(`^\\*\\*${part}[.:]`, "m").test(text));
    assertEquals(missing, [], file);
  }
});

Deno.test("every number of a decision that a text names is that of a page", async () => {
  const pages = new Set(rows.map(({ number }) => number));
  const unknown: string[] = [];
  for (const path of await textFiles()) {
    const text = await readText(path);
    for (
      const [found, number] of text.matchAll(/\bdecisions? \[?(\d{1,4})\b|\bdecisions\/(\d{4})/gi)
    ) {
      const named = (number ?? found.slice(-4)).padStart(4, "0");
      if (!pages.has(named)) unknown.push(`${path}: ${found}`);
    }
  }
  assertEquals(unknown, []);
});

Deno.test("files and directories that decisions name exist", async () => {
  const sources = await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER, ...OTHER_FOLDERS]);
  const all = [...sources, "explorer/build.ts"].map((path) => `/${path}`);
  const isSource = (path: string) => all.some((each) => each.endsWith(`/${path}`));
  const lost: string[] = [];
  for (const file of files) {
    const text = await readText(`decisions/${file}`);
    const named = Array.from(text.matchAll(/`((?:\w+\/)+\w+\.ts)`/g), ([, path]) => path!)
      .filter((path) => !/\bx(_driver)?\.ts$/.test(path)); // stands for a new file
    lost.push(...named.filter((path) => !isSource(path)).map((path) => `${file}: ${path}`));
  }
  const headings = index.match(/^`[^|]*`$/gm) ?? [];
  assert(headings.length > 5);
  const folders = headings.flatMap((line) => line.match(/[\w/]+\//g) ?? []);
  lost.push(...folders.filter((path) => !existsSync(join(REPOSITORY, path))));
  assertEquals(lost, []);
});

/** Sources, tests, and the pages of the repository. */
async function textFiles(): Promise<string[]> {
  const sources = await sourceFiles([...PRODUCT_FOLDERS, EXPLORER_FOLDER, ...OTHER_FOLDERS]);
  const pages = await Promise.all(
    [".", "docs", "decisions", "explorer", "tests"].map(async (folder) => {
      const names = await readdir(join(REPOSITORY, folder));
      return names.filter((name) => name.endsWith(".md")).map((name) => join(folder, name));
    }),
  );
  const python = (await readdir(join(REPOSITORY, "python/holdfast"), { recursive: true }))
    .filter((name) => name.endsWith(".py")).map((name) => join("python/holdfast", name));
  return ["mod.ts", ...sources, ...pages.flat(), ...python];
}

async function readText(path: string): Promise<string> {
  return await readFile(join(REPOSITORY, path), "utf8");
}
