import { assert, assertEquals, assertMatch } from "@std/assert";
import { writeFile } from "node:fs/promises";
import {
  digestOfLoaded,
  isUnchanged,
  LOADED,
  noteGreenRun,
  readGreenRun,
} from "../../dev/browser_tests.ts";
import { slowTest } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";

const HOUR_MS = 3600_000, NOW = Date.UTC(2026, 0, 2);

Deno.test("tests in Chromium run after a change, once a day, and where no run passed", () => {
  const passed = (hours: number) => ({ digest: "a", time: NOW - hours * HOUR_MS });
  assert(isUnchanged(passed(23), "a", NOW));
  assert(!isUnchanged(passed(23), "b", NOW));
  assert(!isUnchanged(passed(24), "a", NOW));
  assert(!isUnchanged(passed(-1), "a", NOW)); // a clock that was set back
  assert(!isUnchanged(undefined, "a", NOW));
});

slowTest("the page, its service and its tests decide whether tests in Chromium run", async () => {
  for (const path of ["explorer", "apps/server", "core", "deno.lock"]) {
    assert(LOADED.includes(path), path);
  }
  const digest = await digestOfLoaded();
  assertMatch(digest, /^[0-9a-f]{64}$/);
  assertEquals(await digestOfLoaded(), digest);
});

Deno.test("a note of a green run is read back, and a damaged one is none", async () => {
  await using root = await tempRoot();
  const note = root.join("cache/note.json");
  assertEquals(await readGreenRun(note), undefined);
  await noteGreenRun(note, { digest: "a", time: NOW });
  assertEquals(await readGreenRun(note), { digest: "a", time: NOW });
  await writeFile(note, "{");
  assertEquals(await readGreenRun(note), undefined);
});
