import { assertEquals, assertMatch } from "@std/assert";
import { verifyRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { keysOf, testInMemory } from "../registries.ts";

const BAD_VERSIONS = [
  "",
  "1_0",
  "٣",
  "+4",
  "06",
  " 2 ",
  "2 ",
  ..."1.2.3.4 1. .1 1..2 v1 -1 1e3 0x10 1.02 1.0.0- 1.0.0-01 1.0.0-a..b 1.0.0-é".split(" "),
  ..."1.0.0+ 9007199254740992 1.9007199254740992.0".split(" "),
  "9".repeat(400),
  "1.0.0-9007199254740992",
  `1.0.0-${"a".repeat(300)}`,
  "1.0.0\n",
  "1.0.0\0",
  ..."¹ １ ../1 1/2 latest production ^1 * 1.x".split(" "),
]; // deno-fmt-ignore

testInMemory("hostile versions are refused by save, and nothing is written", async ({ registry, backend }) => {
  await registry.save("a", 1);
  const before = await keysOf(backend);
  for (const version of BAD_VERSIONS) {
    const error = await rejected("Invalid", registry.save("a", 2, { version }));
    assertMatch(error.message, /as a version/, version);
    await rejected("Invalid", registry.save("a", new Uint8Array(400_000), { version }));
  }
  for (const version of [1, null, {}, ["1"]]) {
    await rejected("Invalid", registry.save("a", 2, { version: version as unknown as string }));
  }
  assertEquals(await keysOf(backend), before);
});

testInMemory(
  "the longest name, version and alias that are allowed work together",
  async ({ registry }) => {
    const name = "é".repeat(33), alias = "ü".repeat(33), key = "ö".repeat(33);
    const number = Number.MAX_SAFE_INTEGER - 1; // the largest one that may be named
    const version = `${number}.${number}.${number}-${"z".repeat(60)}`;
    await registry.save(name, new Uint8Array(400_000), { version, idempotencyKey: key });
    await registry.setAlias(name, alias, version);
    assertEquals((await registry.info(`${name}@${alias}`)).version, version);
    assertEquals((await verifyRegistry(registry)).ok, true);
  },
);

testInMemory("idempotency keys are as hostile as names", async ({ registry }) => {
  for (const idempotencyKey of ["", "a\0", "a@b", "x".repeat(201)]) {
    await rejected("Invalid", registry.save("a", 1, { idempotencyKey }));
  }
  for (const [i, idempotencyKey] of ["..", "con", "a/b", "K", "k", "🦊"].entries()) {
    assertEquals((await registry.save("a", i, { idempotencyKey })).version, `${i + 1}.0.0`);
  }
});
