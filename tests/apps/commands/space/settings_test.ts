import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { holdfast, succeeds } from "../../captured_io.ts";

Deno.test("settings shows what the registry is, changes the grace, and says from when on a shorter one counts", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init", { cwd });
  const before = await succeeds("settings", { cwd });
  assertMatch(
    before,
    /^versions +each name has versions\noverwriting +never \(immutable\)\ngrace +24 h\nat least +1 h\nlocking /,
  );
  assertMatch(
    await succeeds("settings --grace 3d", { cwd }),
    /\ngrace +72 h\nat least +1 h\nlocking/,
  );
  assertMatch(
    await succeeds("settings --grace 2d", { cwd }),
    /\ngrace +48 h\n.*\nfor now +72 h counts; 48 h from \d{4}-\d\d-\d\d \d\d:\d\d on\n/,
  );
  const said = JSON.parse(await succeeds("settings --json", { cwd }));
  assertEquals([said.graceMs, said.leastGraceMs, said.bindingGraceMs].map((ms) => ms / 3_600_000), [
    48,
    1,
    72,
  ]);
  assertMatch(said.countsFrom, /^\d{4}-/);
  assertMatch(await succeeds("gc", { cwd }), /grace of 72 h\n$/);
  assertMatch(await succeeds("status", { cwd }), /\ngrace +48 h\n/);
  assertEquals(await succeeds("settings --grace 2d --quiet", { cwd }), "");
});

Deno.test("settings takes a grace below that of creation, and refuses one below the least, with what to do", async () => {
  await using root = await tempRoot();
  const { path: cwd } = root;
  await succeeds("init --grace 2d", { cwd });
  assertMatch(
    await succeeds("settings --grace 1h", { cwd }),
    /\ngrace +1 h\nfor now +48 h counts; 1 h from /,
  );
  await openRegistry(`${cwd}/old`, { leastGraceMs: 24 * 3_600_000 });
  const { code, err } = await holdfast("settings --grace 2h --registry old", { cwd });
  assertEquals(code, 2);
  assertStringIncludes(err, "the registry was created with 86400000 as the least");
  assertStringIncludes(err, "mirror this one into it");
  assertStringIncludes(
    (await holdfast("settings --grace 2m", { cwd })).err,
    "it is less than an hour",
  );
});
