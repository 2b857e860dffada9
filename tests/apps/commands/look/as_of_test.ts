import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { createLocalBackend, openRegistry, realSystem } from "../../../../mod.ts";
import { uuidv7 } from "../../../../core/system.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

/** `model`: 1.0.0 of the 1st and 2.0.0 of the 3rd of March at noon; production names the first from the 2nd, the second from the 4th. */
async function fill(cwd: string): Promise<void> {
  let day = 1;
  const now = () => new Date(2026, 2, day, 12).getTime();
  const id = () => uuidv7(now(), Uint8Array.from({ length: 10 }, () => realSystem.random() * 256));
  const backend = createLocalBackend({ path: join(cwd, ".holdfast") });
  await using registry = await openRegistry(backend, { system: { ...realSystem, now, id } });
  await registry.save("model", "one");
  day = 2;
  await registry.setAlias("model", "production", "1");
  day = 3;
  await registry.save("model", "two");
  day = 4;
  await registry.setAlias("model", "production", "2");
}

Deno.test("--as-of gives what a ref meant then, in every command that reads", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  assertEquals(await succeeds("load model --as-of 2026-03-03", { cwd }), "one");
  assertEquals(await succeeds("load model --as-of 2026-03-03T12:00", { cwd }), "two");
  assertEquals(await succeeds("cat model@production --as-of 2026-03-03", { cwd }), "one");
  assertStringIncludes(await succeeds("info model --as-of 2026-03-02", { cwd }), "1.0.0");
  await succeeds("download model@production out.txt --as-of 2026-03-04", { cwd });
  assertEquals(await Deno.readTextFile(root.join("out.txt")), "one");
  assertEquals(await succeeds("alias model production --as-of 2026-03-04", { cwd }), "1.0.0\n");
  const before = await holdfast("alias model production --as-of 2026-01-01", { cwd });
  assertEquals(before.code, 3);
  assertStringIncludes(before.err, "it named nothing at 2026-01-01 00:00");
  const system = {
    ...realSystem,
    env: () => undefined,
    now: () => new Date(2026, 2, 4, 13).getTime(),
  };
  assertEquals(await succeeds("load model --as-of 36h", { cwd, system }), "one");
  const early = await holdfast("load model --as-of 2026-02-01", { cwd });
  assertEquals(early.code, 3);
  assertStringIncludes(early.err, "no version of it was saved yet");
  const odd = await holdfast("load model --as-of yesterday", { cwd });
  assertEquals(odd.code, 2);
  assertStringIncludes(odd.err, 'Cannot read "yesterday" as a time');
});

Deno.test("alias --history lists what it named, --rollback goes back to it and says from what", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  const lines = (await succeeds("alias model production --history", { cwd })).trimEnd().split("\n");
  assertMatch(lines[1], /^2\.0\.0 {4}2026-03-04 12:00 {2}[0-9a-f-]{36}$/);
  assertMatch(lines[2], /^1\.0\.0 {4}2026-03-02 12:00 {2}/);
  assertEquals(
    await succeeds("alias model production --rollback", { cwd }),
    "model@production is 1.0.0 again (it was 2.0.0)\n",
  );
  assertEquals(await succeeds("alias model production", { cwd }), "1.0.0\n");
  await succeeds("alias model production --delete", { cwd });
  const [removed] = (await succeeds("alias model production --history --json", { cwd })).split(
    "\n",
  );
  assertEquals(JSON.parse(removed).version, null);
  const json = JSON.parse(await succeeds("alias model production --rollback --json", { cwd }));
  assertEquals(json, { name: "model", alias: "production", version: "1.0.0", was: null });
});

Deno.test("alias --rollback without anything to go back to is NotFound, and flags that do not go together Invalid", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await fill(cwd);
  await succeeds("alias model canary 1", { cwd });
  const none = await holdfast("alias model canary --rollback", { cwd });
  assertEquals(none.code, 3);
  assertStringIncludes(none.err, "it never named another version");
  assertEquals((await holdfast("alias model nosuch --history", { cwd })).code, 3);
  for (
    const wrong of [
      "alias model --history",
      "alias model canary 1 --rollback",
      "alias model canary -d --history",
    ]
  ) {
    assertEquals((await holdfast(wrong, { cwd })).code, 2, wrong);
  }
});
