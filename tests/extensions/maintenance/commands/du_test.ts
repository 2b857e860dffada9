import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readdirSync } from "node:fs";
import { realSystem } from "../../../../core/system.ts";
import { damageRecords } from "../../../apps/damage_records.ts";
import { cliTest, filledTest, noise } from "../../../apps/captured_io.ts";

cliTest("du shows sizes, shares and garbage", async (it) => {
  await it.succeeds("init");
  await it.succeeds("save big -", { stdin: noise(200_000) });
  await it.succeeds("save big - --metadata n=2", { stdin: noise(200_000) });
  await it.succeeds("save small -", { stdin: noise(10) });
  const before = await it.succeeds("du");
  assertMatch(
    before,
    /^NAME +VERSIONS +SIZE +STORED +SHARED +GARBAGE\nbig +2 +391 KiB +197 KiB +195 KiB +0 B\nsmall /,
  );
  assertMatch(before, /\n\d+ KiB in \d+ objects, no garbage\n$/);
  const upload = it.root.join(".holdfast/uploads/01951e2f-6c00-7abc-8def-0123456789ab");
  await Deno.mkdir(upload, { recursive: true });
  await Deno.writeFile(`${upload}/0`, noise(5000));
  const sent = await it.succeeds("du");
  assertMatch(sent, /\n\d+ KiB in \d+ objects, 4.9 KiB in unfinished uploads, .*garbage/);
  await Deno.remove(it.root.join(".holdfast/uploads"), { recursive: true });
  const big = await it.succeeds("du big");
  assertMatch(
    big,
    /^VERSION +SIZE +ALONE +SHARED\n2.0.0 +195 KiB +\d+ B +195 KiB\n1.0.0 .*\nNAME /,
  );
  assertEquals((await it.json("du big --json")).versions.length, 2);
  await it.succeeds("rm big@1 --yes");
  await it.succeeds("rm big@2 --yes");
  assertMatch(
    await it.succeeds("du big"),
    /^NAME [^]*\nbig +0 [^]*, 19\d KiB of it garbage: gc --all frees 19\d KiB from \d{4}-\d\d-\d\d \d\d:\d\d on\n$/,
  );
  const { names, garbage } = await it.json("du --json");
  assertEquals(
    names.map(({ name, versions }: { name: string; versions: number }) => [name, versions]),
    [["big", 0], ["small", 1]],
  );
  assertEquals(garbage.freeableBytes, 0);
  assertMatch(garbage.nextAt, /^\d{4}-/);
});

filledTest("du of a name that does not exist fails with a suggestion", async (it) => {
  const { code, out, err } = await it.holdfast("du confg");
  assertEquals([code, out], [3, ""]);
  assertStringIncludes(err, 'Cannot measure "confg": no name begins with it');
  assertStringIncludes(err, "config");
  await it.fails("du confg --json", 3, "no name begins with it");
  await it.succeeds("du con");
});

filledTest("du of no name measures nothing", async (it) => {
  await damageRecords(it.root.join(".holdfast"), "note");
  await it.fails("du confg", 3, "no name begins with it");
  await it.fails("du '*:missing'", 3, "no name matches");
  await it.fails("du", 1, "could not be read");
});

filledTest("du keeps the sizes of unchanged names for the next run", async (it) => {
  const later = { ...realSystem, now: () => realSystem.now() + 3_600_000, env: () => undefined };
  const before = await it.succeeds("du", { system: later });
  const tables = readdirSync(it.root.join(".holdfast/gc"), { recursive: true });
  assertEquals(tables.map(String).sort(), [".space", ".space/0"]);
  assertEquals(await it.succeeds("du", { system: later }), before);
});

filledTest("du reports damaged records and exits with 1", async (it) => {
  const [key] = await damageRecords(it.root.join(".holdfast"), "note");
  const { code, err, out } = await it.holdfast("du");
  assertEquals(code, 1);
  assertMatch(out, /\nnote +0 /);
  assertStringIncludes(err, `not fully counted: ${key}: `);
  assertEquals((await it.holdfast("du note")).code, 1);
});
