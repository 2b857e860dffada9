import { assertEquals, assertStringIncludes } from "@std/assert";
import { defineRegistry, logOf, openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { fillRegistry, holdfast, succeeds } from "../../captured_io.ts";

Deno.test("log tells of versions, aliases and deletions, newest first", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("alias config canary 1", { cwd });
  await succeeds("alias config canary --delete", { cwd });
  await succeeds("rm config@1 --yes", { cwd });
  const out = await succeeds("log config", { cwd });
  assertEquals(out.split("\n")[0], "TIME              WHAT");
  assertEquals(out.trimEnd().split("\n").slice(1).map((line) => line.slice(18)), [
    "deleted 1.0.0",
    "canary removed",
    "canary names 1.0.0",
    "production names 2.0.0",
    "saved 2.0.0 (10 B)",
    "saved 1.0.0",
  ]);
  const newest = (await succeeds("log config --limit 2 --json", { cwd })).trimEnd().split("\n").map(
    (line) => JSON.parse(line),
  );
  assertEquals(newest.map(({ event, version, alias }) => [event, version, alias]), [
    ["deleted", "1.0.0", undefined],
    ["unaliased", undefined, "canary"],
  ]);
});

Deno.test("log of a name under which nothing was saved is NotFound; of a name whose versions are deleted it is not", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fillRegistry(cwd);
  await succeeds("rm note --all --yes", { cwd });
  assertStringIncludes(await succeeds("log note", { cwd }), "deleted 1.0.0");
  assertEquals((await holdfast("log nosuch", { cwd })).code, 3);
  assertEquals((await holdfast("log config@1", { cwd })).code, 2);
});

Deno.test("logOf a registry by what every registry has tells what that knows", async () => {
  await using registry = await openRegistry("memory:");
  for (const value of [1, 2]) await registry.save("a", value);
  await registry.delete("a@1");
  const { location, id, settings, materializers } = registry;
  const shown = defineRegistry({
    ...{ location, id, settings, materializers },
    open: (ref, options) => registry.open(ref, options),
    names: (options) => registry.names(options),
    versions: (name, options) => registry.versions(name, options),
  });
  assertEquals((await logOf(shown, "a")).map(({ event, version }) => [event, version]), [[
    "saved",
    "2.0.0",
  ]]);
});
