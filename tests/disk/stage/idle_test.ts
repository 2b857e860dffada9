import { assertEquals } from "@std/assert";
import { readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { pathsBelow } from "../../../disk/paths_below.ts";
import { realSystem } from "../../../core/system.ts";
import { writeFiles } from "../../../disk/write_files.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { artifactOf } from "../folder_case.ts";

const OPTIONS = { ignore: process.platform === "win32" };
const HOUR_MS = 60 * 60 * 1000;
const SAMPLE = { "a": "1", "b": "2" };

/** Sets the times of everything in a folder. */
async function age(folder: string, ms: number): Promise<void> {
  const at = new Date(realSystem.now() - ms);
  for await (const path of pathsBelow(folder)) utimesSync(join(folder, path), at, at);
}

testInRoot("a running download keeps its folder, however long it is idle", async (root) => {
  const slow = artifactOf(SAMPLE);
  const { bytes } = slow.files()[1];
  const begun = Promise.withResolvers<void>();
  const goesOn = Promise.withResolvers<void>();
  slow.files()[1].bytes = async () => {
    begun.resolve();
    await goesOn.promise;
    return await bytes();
  };
  const download = writeFiles(slow, root.join("out"), { overwrite: true });
  await begun.promise;
  await age(root.path, 48 * HOUR_MS);
  await writeFiles(artifactOf(SAMPLE), root.join("out"));
  assertEquals(readdirSync(root.path).length, 2);
  goesOn.resolve();
  await download;
  assertEquals(readdirSync(root.path), ["out"]);
}, OPTIONS);
