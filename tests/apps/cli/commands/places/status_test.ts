import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { cliTest, filledTest } from "../../../captured_io.ts";

filledTest("status shows the registry, its settings and versions", async (it) => {
  const at = { cwd: it.root.join("data"), env: { HOLDFAST_CACHE: it.root.join("cache") } };
  const text = await it.succeeds("status", at);
  const rows = [
    `registry     ${it.root.join(".holdfast")}`,
    "why          the location is the nearest .holdfast in the current folder or above",
    "store        a folder, locked by link",
    "overwriting  never (immutable)",
    "grace        24 h",
    `cache        0 files, 0 B in ${it.root.join("cache")}`,
  ];
  for (const row of rows) assertStringIncludes(text, row);
  assertMatch(text, /size {9}\d.* in \d+ objects\n/);
  assertMatch(text, /programs {5}holdfast \d+\.\d+\.\d+, deno \d/);
  const { by, size, settings, versions } = await it.json("status --json", at);
  assertEquals([by, settings.versioned], ["upward", true]);
  assert(size.objects > 5 && size.bytes > 1000 && versions.holdfast);
  assertEquals((await it.json("status --json --no-size", at)).size, undefined);
});

cliTest("status shows a problem and exits with its code", async (it) => {
  const none = await it.holdfast("status");
  assertEquals(none.code, 3);
  assertStringIncludes(none.out, "problem   Cannot find a registry");
  assertStringIncludes(none.out, "holdfast init");
  const named = await it.holdfast("status --json", {
    env: { HOLDFAST_REGISTRY: "s3://k:verysecret@b" },
  });
  assertEquals(named.code, 2);
  assert(!/verysecret/.test(named.out + named.err));
  assertEquals(JSON.parse(named.out).problem.code, "Invalid");
});
