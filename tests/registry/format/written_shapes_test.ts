// The keys and the members of records that this program writes, and that earlier ones wrote.
import { assert, assertEquals } from "@std/assert";
import { mkdir } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { createLocalBackend } from "../../../mod.ts";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type TempRoot, testInRoot } from "../../support/temp_root.ts";
import { COMMITS } from "../earlier/commits.ts";
import { programAt, writeContent } from "../earlier/content.ts";
import { unpackFixture } from "../earlier/fixtures.ts";
import { keysOf } from "../registries.ts";
import shapes from "./written_shapes.json" with { type: "json" };

const REGISTRIES = ["main", "mirror", "mutable", "single"];
const ADVICE =
  "FORMAT.md, section 11: other keys and members are a new format. Add a registry of " +
  "the commit before to tests/registry/earlier";

testInRoot("this program writes the keys and members of holdfast/1", async (root) => {
  const folder = await folderIn(root);
  await writeContent(await programAt(pathToFileURL(REPOSITORY).href), folder);
  assertEquals(await shapesIn(folder), shapes.written, ADVICE);
});

for (const commit of COMMITS) {
  testInRoot(`${commit.slice(0, 8)} wrote keys and members of holdfast/1`, async (root) => {
    const folder = await folderIn(root);
    await unpackFixture(commit, folder);
    const known = [...shapes.written, ...shapes.only_read];
    for (const shape of await shapesIn(folder)) assert(known.includes(shape), shape);
  });
}

async function folderIn(root: TempRoot): Promise<string> {
  const folder = root.join("registries");
  await mkdir(folder);
  return folder;
}

async function shapesIn(folder: string): Promise<string[]> {
  const all = new Set<string>();
  for (const name of REGISTRIES) {
    const backend = createLocalBackend({ path: `${folder}/${name}`, durability: "os" });
    for (const key of await keysOf(backend)) {
      all.add(shapeOfKey(key));
      const text = new TextDecoder().decode(await (await backend.get(key))!.bytes());
      if (key.endsWith(".rec")) addMembers(all, JSON.parse(text.split("\n", 1)[0]!));
      else if (/^drafts\/.*[0-9a-f]$/.test(key)) addMembers(all, JSON.parse(text.split("\n")[1]!));
    }
  }
  return [...all].sort();
}

const WORDS = new Set(
  "settings names versions final prerelease single _ aliases keys notes name objects drafts lineage"
    .concat(" any mirrors .released mark .end .ending").split(" "),
);

/** Returns a key whose variable segments are `*`. */
function shapeOfKey(key: string): string {
  return key.split("/").map((segment) =>
    WORDS.has(segment)
      ? segment
      : segment.replace(/^(\.released\.)?.*?(\.rec)?$/, (_all, mark = "", end = "") =>
        `${mark}*${end}`)
  ).join("/");
}

/** Adds each member of a record, with its kind: `version files[].parts[].size`. */
function addMembers(all: Set<string>, record: Record<string, unknown>): void {
  const { kind = "part of a draft" } = record;
  const add = (value: unknown, at: string) => {
    if (Array.isArray(value)) return value.forEach((item) => add(item, `${at}[]`));
    all.add(`${kind} ${at}: ${value === null ? "null" : typeof value}`);
    if (!isJsonObject(value) || at === "metadata" || at === "labels") return;
    for (const [name, member] of Object.entries(value)) add(member, `${at}.${name}`);
  };
  for (const [name, member] of Object.entries(record)) add(member, name);
}
