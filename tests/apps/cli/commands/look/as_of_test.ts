import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { createLocalBackend, openRegistry, realSystem } from "../../../../../mod.ts";
import { uuidv7 } from "../../../../simulate/simulated_system.ts";
import { cliTest } from "../../../captured_io.ts";

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

cliTest("--as-of gives what a ref meant then, in every command that reads", async (it) => {
  await fill(it.cwd);
  await it.prints("load model --as-of 2026-03-03", "one");
  await it.prints("load model --as-of 2026-03-03T12:00", "two");
  await it.prints("cat model@production --as-of 2026-03-03", "one");
  await it.tells("info model --as-of 2026-03-02", "1.0.0");
  await it.succeeds("download model@production out.txt --as-of 2026-03-04");
  assertEquals(await Deno.readTextFile(it.root.join("out.txt")), "one");
  await it.prints("alias model production --as-of 2026-03-04", "1.0.0\n");
  await it.fails(
    "alias model production --as-of 2026-01-01",
    3,
    "it did not exist at 2026-01-01 00:00",
  );
  const system = {
    ...realSystem,
    env: () => undefined,
    now: () => new Date(2026, 2, 4, 13).getTime(),
  };
  await it.prints("load model --as-of 36h", "one", { system });
  await it.fails("load model --as-of 2026-02-01", 3, "it had no version yet");
  await it.fails("load model --as-of yesterday", 2, 'Cannot parse "yesterday" as a time');
});

cliTest("alias --history lists versions, --rollback returns to one", async (it) => {
  await fill(it.cwd);
  const lines = (await it.succeeds("alias model production --history")).trimEnd().split("\n");
  assertMatch(lines[1], /^2\.0\.0 {4}2026-03-04 12:00 {2}[0-9a-f-]{36}$/);
  assertMatch(lines[2], /^1\.0\.0 {4}2026-03-02 12:00 {2}/);
  await it.prints(
    "alias model production --rollback",
    "model@production is 1.0.0 again (it was 2.0.0)\n",
  );
  await it.prints("alias model production", "1.0.0\n");
  await it.succeeds("alias model production --delete");
  const [removed] = (await it.succeeds("alias model production --history --json")).split("\n");
  assertEquals(JSON.parse(removed).version, null);
  const json = await it.json("alias model production --rollback --json");
  assertEquals(json, { name: "model", alias: "production", version: "1.0.0", was: null });
});

cliTest("a rollback after prune works, and after rm names what is left", async (it) => {
  await it.succeeds("init");
  for (let n = 1; n <= 5; n++) await it.succeeds("save m - -q", { stdin: `${n}` });
  for (const n of [1, 2, 3]) await it.succeeds(`alias m production ${n}`);
  const plan = await it.holdfast("prune m --keep-last 1 --dry-run");
  assertStringIncludes(plan.err, "stays: m@2.0.0: alias production pointed to it before");
  assertStringIncludes(
    (await it.holdfast("prune m --keep-last 1 --yes")).err,
    "Deleted 2 versions",
  );
  await it.prints("alias m production --rollback", "m@production is 2.0.0 again (it was 3.0.0)\n");
  await it.succeeds("rm m@3 --yes");
  await it.fails("alias m production --rollback", 3, "version 3.0.0, to which it pointed before");
  await it.fails("alias m production --rollback", 3, "hint: Point it to another version");
  for (const n of [6, 7]) await it.succeeds("save m - -a production", { stdin: `${n}` });
  await it.succeeds("rm m@6 --yes");
  await it.fails("alias m production --rollback", 3, "holdfast alias m production 2.0.0");
});

cliTest("a refused change has the hint of its reason, and only a race is one", async (it) => {
  await it.succeeds("init");
  for (const n of [1, 2]) await it.succeeds("save m - -a production -q", { stdin: `${n}` });
  await it.succeeds("rules set m --protect-alias production -q");
  await it.fails("alias m production --rollback", 4, "holdfast alias --force");
  await it.fails("alias m production 1", 4, "holdfast alias --force");
  await it.fails("alias m production --delete", 4, "holdfast alias --force");
  await it.fails("rm m@2 --yes", 4, "Point the alias to another version first");
  await it.succeeds("rules set m --protect -q");
  await it.fails("rm m@1 --yes", 4, "holdfast rules");
  await it.succeeds("alias m production --rollback --force");
});
