import { assertEquals, assertMatch } from "@std/assert";
import { collectGarbage, rebuildLineage, verifyRegistry } from "../../../mod.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, testInMemory } from "../registries.ts";

const BAD_VERSIONS = [
  "",
  "1_0",
  "٣",
  "+4",
  "06",
  " 2 ",
  "2 ",
  "1.2.3.4",
  "1.",
  ".1",
  "1..2",
  "v1",
  "-1",
  "1e3",
  "0x10",
  "1.02",
  "1.0.0-",
  "1.0.0-01",
  "1.0.0-a..b",
  "1.0.0-é",
  "1.0.0+",
  "9007199254740992",
  "1.9007199254740992.0",
  "9".repeat(400),
  "1.0.0-9007199254740992",
  `1.0.0-${"a".repeat(300)}`,
  "1.0.0\n",
  "1.0.0\0",
  "¹",
  "１",
  "../1",
  "1/2",
  "latest",
  "production",
  "^1",
  "*",
  "1.x",
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
  "hostile versions are refused by every verb that takes a ref",
  async ({ registry }) => {
    await registry.save("a", 1);
    const words = new Set(["latest", "production", "^1", "*", "1.x", "../1", "¹"]); // these mean something in a ref
    for (const version of BAD_VERSIONS.filter((version) => !words.has(version))) {
      const calls = [
        () => registry.load(`a@${version}`),
        () => registry.load("a", { version }),
        () => registry.has(`a@${version}`),
        () => registry.get(`a@${version}`),
        () => registry.info("a", { version }),
        () => registry.delete(`a@${version}`),
        () => registry.setAlias("a", "p", version),
        () => registry.copy(`a@${version}`, "b"),
        () => registry.copy("a", `b@${version}`),
        () => registry.save("a", new Uint8Array(100_000), { base: `a@${version}` }),
      ];
      for (const call of calls) {
        assertEquals(
          (await rejected("Invalid", call())).code,
          "Invalid",
          version,
        );
      }
    }
    assertEquals((await collect(registry.versions("a"))).length, 1);
  },
);

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

testInMemory(
  "what works on the store refuses a registry that openRegistry did not open",
  async ({ registry }) => {
    const wrapper = { ...registry };
    for (
      const call of [
        () => collectGarbage(wrapper),
        () => rebuildLineage(wrapper),
        () => verifyRegistry(wrapper),
      ]
    ) {
      assertMatch(
        (await rejected("Unsupported", call())).message,
        /the store of .* is not open here/,
      );
    }
  },
);

testInMemory(
  "a value that nothing can represent exactly is Unsupported, and nothing is written",
  async ({ registry, backend }) => {
    const before = await keysOf(backend);
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (
      const value of [
        () => 1,
        Symbol("x"),
        new WeakMap(),
        new (class Unknown {})(),
        cycle,
        Promise.resolve(1),
      ]
    ) {
      await rejected("Unsupported", registry.save("a", value));
    }
    assertEquals(await keysOf(backend), before);
  },
);
