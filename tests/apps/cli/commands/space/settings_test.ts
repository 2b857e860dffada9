import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../../mod.ts";
import { cliTest } from "../../../captured_io.ts";

cliTest("settings shows and changes the grace period", async (it) => {
  await it.succeeds("init");
  const before = await it.succeeds("settings");
  assertMatch(
    before,
    /^versions +each name has versions\noverwriting +never \(immutable\)\ngrace +24 h\nat least +1 h\nlocking /,
  );
  assertMatch(await it.succeeds("settings --grace 3d"), /\ngrace +72 h\nat least +1 h\nlocking/);
  assertMatch(
    await it.succeeds("settings --grace 2d"),
    /\ngrace +48 h\n.*\nfor now +72 h; 48 h from \d{4}-\d\d-\d\d \d\d:\d\d on\n/,
  );
  const said = await it.json("settings --json");
  assertEquals(
    [said.graceMs, said.leastGraceMs, said.bindingGraceMs].map((ms) => ms / 3_600_000),
    [48, 1, 72],
  );
  assertMatch(said.countsFrom, /^\d{4}-/);
  await it.succeeds("save a -");
  await it.succeeds("rm a@1 --yes");
  assertMatch(await it.succeeds("gc"), /grace period is 72 h\n$/);
  assertMatch(await it.succeeds("doctor --no-probe"), /grace period 48 h/);
  await it.prints("settings --grace 2d --quiet", "");
});

cliTest("settings refuses a grace below the minimum", async (it) => {
  await it.succeeds("init --grace 2d");
  assertMatch(await it.succeeds("settings --grace 1h"), /\ngrace +1 h\nfor now +48 h; 1 h from /);
  await openRegistry(`${it.cwd}/old`, { leastGraceMs: 24 * 3_600_000 });
  const { code, err } = await it.holdfast("settings --grace 2h --registry old");
  assertEquals(code, 2);
  assertStringIncludes(err, "the shortest grace period of this registry is 86400000");
  assertStringIncludes(err, "mirror the registry into a new one");
  assertStringIncludes((await it.holdfast("settings --grace 2m")).err, "it is less than an hour");
});
