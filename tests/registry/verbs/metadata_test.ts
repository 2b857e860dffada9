import { assertEquals, assertMatch } from "@std/assert";
import { mirrorRegistry, openRegistry } from "../../../mod.ts";
import { rejected } from "../rejected.ts";
import { withHooks } from "../with_hooks.ts";
import { noise, testInMemory } from "../registries.ts";

testInMemory(
  "save() keeps metadata and inputs as they were when it was called",
  async ({ registry, open }) => {
    const metadata: Record<string, unknown> = { x: [1] }, inputs = ["raw@1"];
    const slow = await open({}, (inner) =>
      withHooks(inner, {
        before({ verb }) {
          if (verb !== "put") return;
          metadata.x = () => "no JSON";
          inputs.push("later");
        },
      }));
    await slow.save("a", noise(400_000), { metadata, inputs });
    const info = await registry.info("a");
    assertEquals([info.metadata, info.inputs], [{ x: [1] }, ["raw@1"]]);
  },
);

testInMemory(
  "save() refuses metadata that JSON does not keep exactly, or that is too large",
  async ({ registry }) => {
    const exact = {
      text: "naïve\n\u2028🦊",
      numbers: [0, -1.5, 1e300, 2 ** 53],
      nested: { a: [null, true, {}] },
      "": "",
    };
    await registry.save("a", 1, { metadata: exact });
    assertEquals((await registry.info("a")).metadata, exact);
    const proto = JSON.parse(`{"__proto__": {"x": 1}}`);
    await registry.save("b", 1, { metadata: proto });
    assertEquals(JSON.stringify((await registry.info("b")).metadata), `{"__proto__":{"x":1}}`);
    await registry.save("c", 1, { metadata: { x: "y".repeat(65_000) } });

    const holes: unknown[] = [1, , 3];
    const disguised = Object.assign([1, , 3], { extra: 1 });
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const inexact: unknown[] = [
      undefined,
      NaN,
      Infinity,
      -0,
      1n,
      Symbol("x"),
      () => 1,
      new Date(0),
      new Map(),
      new Uint8Array(1),
      holes,
      disguised,
      cycle,
      "\ud83e",
      { toJSON: () => 1 },
      { [Symbol("s")]: 1 },
      "y".repeat(66_000),
    ]; // deno-fmt-ignore
    for (const value of inexact) {
    const error = await rejected("Invalid", registry.save("d", 1, { metadata: { value } }));
    assertMatch(error.message, /^Cannot save metadata: /);
  }
    for (const metadata of [[], null, "x", new Map()]) {
      await rejected(
        "Invalid",
        registry.save("d", 1, { metadata: metadata as unknown as Record<string, unknown> }),
      );
    }
    assertEquals(await registry.has("d"), false);
  },
);

testInMemory(
  "inputs may say the digests that they had, and are copied and mirrored as they are",
  async (world) => {
    const { registry } = world;
    const { digest } = await registry.save("raw", "data");
    const inputs = ["config", { ref: "raw@1", digest }, { ref: "raw@^1" }];
    await registry.save("a", 1, { inputs });
    assertEquals((await registry.info("a")).inputs, inputs);
    await registry.copy("a", "b");
    assertEquals((await registry.info("b")).inputs, inputs);
    const there = await openRegistry("memory:");
    assertEquals((await mirrorRegistry(registry, there)).failures, []);
    assertEquals((await there.info("a")).inputs, inputs);
  },
);

testInMemory(
  "an input that is no ref, or has more than its digest, is Invalid",
  async ({ registry }) => {
    const wrong = ["a@@", "", 1, null, {}, { ref: 1 }, { ref: "a b@c@" }, {
      ref: "a",
      digest: "abc",
    }, {
      ref: "a",
      path: "x",
    }, ["a"]];
    for (const input of wrong) {
      await rejected(
        "Invalid",
        registry.save("a", 1, { inputs: [input as string] }),
      );
    }
    const many = Array.from({ length: 1_001 }, (_, i) => ({ ref: `a@${i}` }));
    await rejected("Invalid", registry.save("a", 1, { inputs: many }));
    assertEquals(await registry.has("a"), false);
  },
);
