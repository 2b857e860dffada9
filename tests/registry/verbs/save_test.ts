import { assert, assertEquals, assertMatch } from "@std/assert";
import { recordCalls, withHooks } from "../with_hooks.ts";
import { rejected } from "../rejected.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import type { Registry, SaveOptions } from "../../../core/registry.ts";

for (const compress of ["gzip", "zstd"] as const) {
  testOnEach(`save() compresses with ${compress}`, async ({ registry, backend }) => {
    const value = new Uint8Array(2_000_000).fill(7);
    const saved = await registry.save("big", value, { compress });
    assertEquals(saved.size, 2_000_000);
    let stored = 0;
    for await (const entry of backend.list("objects/")) if ("size" in entry) stored += entry.size;
    assert(stored > 0 && stored < 20_000, `${stored} bytes stored`);
    assertEquals(await registry.load("big"), value);
    await registry.save("small", "x".repeat(10_000), { compress });
    assertEquals(await registry.load("small"), "x".repeat(10_000));
    await registry.save("noise", noise(300), { compress });
    assertEquals(await registry.load("noise"), noise(300));
  });
}

testInMemory("save() and copy() refuse unknown choices, and name all", async ({ registry }) => {
  await registry.save("a", 1);
  const wrong: [option: string, choices: string][] = [
    ["bump", '"major", "minor" or "patch"'],
    ["onConflict", '"fail", "skip" or "overwrite"'],
    ["share", '"values", "bytes", "files" or "none"'],
  ];
  for (const [option, choices] of wrong) {
    const { message, hint } = await rejected("Invalid", registry.save("a", 2, { [option]: "all" }));
    assertMatch(message, new RegExp(`^Cannot save "a": ${option} is "all"$`, "m"));
    assertEquals(hint, `Pass ${choices}.`);
  }
  await rejected("Invalid", registry.copy("a", "b", { onConflict: "all" as "fail" }));
  assertEquals(await registry.has("b"), false);
});

testInMemory("save() refuses an unknown compression", async ({ registry }) => {
  await rejected("Invalid", registry.save("a", 1, { compress: "brotli" as "gzip" }));
});

testOnEach("save() of an explicit small version is one request", async ({ open, backend }) => {
  const calls: string[] = [];
  const registry = await open({}, (inner) => withHooks(inner, recordCalls(calls)));
  // On a disk, each write first reads the settings: the disk may have been unmounted.
  const write = backend.disk === undefined ? ["put create"] : ["get", "put create"];
  calls.length = 0;
  await registry.save("a", "small", { version: "1.0.0" });
  assertEquals(calls, write);
  calls.length = 0;
  await registry.save("a", "small");
  assertEquals(calls, ["list", ...write]);
});

testOnEach("save() shares unchanged files with its base", async ({ registry, backend }) => {
  const big = noise(500_000), other = noise(400_000, 2);
  await registry.save("a", big);
  const before = await keysOf(backend, "objects/");
  await registry.save("a", big.slice());
  assertEquals(await keysOf(backend, "objects/"), before);
  await registry.save("a", other);
  const three = await keysOf(backend, "objects/");
  assertEquals(three.length, before.length + 1);
  await registry.save("a", big, { base: "a@1.0.0" });
  assertEquals(await keysOf(backend, "objects/"), three);
  assertEquals(await registry.load("a@4.0.0"), big);
  await registry.delete("a@1.0.0");
  await registry.delete("a@2.0.0");
  assertEquals(await registry.load("a@4.0.0"), big);
});

testOnEach("save() copies a base of another name", async ({ registry, backend }) => {
  await registry.save("a", noise(500_000));
  await registry.save("b", noise(500_000), { base: "a" });
  assertEquals((await keysOf(backend, "objects/b/")).length, 1);
  await registry.delete("a", { allVersions: true });
  assertEquals(await registry.load("b"), noise(500_000));
});

testInMemory("save() refuses a missing base", async ({ registry }) => {
  await rejected("NotFound", registry.save("a", noise(500_000), { base: "b@1" }), /b@1/);
  assertEquals(await registry.has("a"), false);
});

testOnEach("a failing overwrite keeps the old value", async ({ registry }) => {
  await registry.save("a", "one", { version: "1" });
  const broken = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(noise(300_000));
      controller.error(new Error("cable cut"));
    },
  });
  await rejected(
    "TaskFailed",
    registry.save("a", broken, { version: "1", onConflict: "overwrite" }),
  );
  assertEquals(await registry.load("a@1"), "one");
}, { mutable: true });

testInMemory("save() copies metadata and inputs when called", async ({ registry, open }) => {
  const metadata: Record<string, unknown> = { x: [1] };
  const inputs: SaveOptions["inputs"] = [{ ref: "raw@1", digest: null }];
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
});

testInMemory("inputs keep their digests in copies", async (world) => {
  const { registry } = world;
  const { digest } = await registry.save("raw", "data");
  const inputs = ["config", { ref: "raw@1", digest }, "raw@^1"];
  const given = inputs.map((input) => typeof input === "string" ? asItIs(input) : input);
  await registry.save("a", 1, { inputs: given });
  assertEquals((await registry.info("a")).inputs, inputs);
  await registry.copy("a", "b");
  assertEquals((await registry.info("b")).inputs, inputs);
});

function asItIs(ref: string): { ref: string; digest: null } {
  return { ref, digest: null };
}

/** Returns the next automatic version after these. */
async function nextAfter(
  registry: Registry,
  versions: string[],
  bump?: "major" | "minor" | "patch",
): Promise<string> {
  const name = `after ${versions.join(" ")} ${bump ?? ""}`.trim();
  for (const version of versions) await registry.save(name, version, { version });
  return (await registry.save(name, "next", { bump })).version;
}

testInMemory("save() releases the highest prerelease", async ({ registry }) => {
  assertEquals(await nextAfter(registry, ["3.0.0-rc.1"]), "3.0.0");
  assertEquals(await nextAfter(registry, ["3.0.0-rc.1", "3.0.0-rc.10", "2.0.0-beta"]), "3.0.0");
  assertEquals(await nextAfter(registry, ["0.3.1-alpha"], "major"), "0.3.1");
});

testInMemory("save() ignores prereleases after a release", async ({ registry }) => {
  assertEquals(await nextAfter(registry, ["1.0.0", "3.0.0-rc.1"]), "2.0.0");
});

testInMemory("save() counts deleted releases", async ({ registry }) => {
  await registry.save("a", 1);
  await registry.save("a", 2, { version: "9.0.0-rc.1" });
  await registry.delete("a@1.0.0");
  assertEquals((await registry.save("a", 3)).version, "2.0.0");
});

testInMemory("save() refuses version with bump, and invalid bumps", async ({ registry }) => {
  await rejected("Invalid", registry.save("a", 1, { version: "1", bump: "major" }));
  await rejected("Invalid", registry.save("a", 1, { bump: "huge" as "major" }));
  assertEquals(await registry.has("a"), false);
});

const LAST = String(Number.MAX_SAFE_INTEGER);

testInMemory("numbering continues after maximal numbers", async ({ registry }) => {
  for (
    const [there, next] of [
      [`${LAST}.0.0`, `${LAST}.1.0`],
      [`${LAST}.7.0`, `${LAST}.8.0`],
      [`1.${LAST}.0`, `1.${LAST}.1`],
      [`1.2.${LAST}`, "1.3.0"],
      [`1.${LAST}.${LAST}`, "2.0.0"],
      [`${LAST}.0.${LAST}`, `${LAST}.1.0`],
      [`${LAST}.${LAST}.0`, `${LAST}.${LAST}.1`],
      [`${LAST}.0.0-rc.1`, `${LAST}.0.0`],
    ]
  ) {
    await registry.save(there, "stored", { version: there });
    assertEquals((await registry.save(there, "next")).version, next);
    assertEquals(await registry.load(`${there}@${there}`), "stored");
  }
  const end = `${LAST}.${LAST}.${LAST}`;
  await registry.save("end", "stored", { version: end });
  await rejected("Invalid", registry.save("end", "next"), /at (its|their) maximum/);
  await registry.save("major", "stored", { version: LAST });
  const error = await rejected("Invalid", registry.save("major", "next", { bump: "major" }));
  assertMatch(error.message, /at (its|their) maximum/);
  assertMatch(error.hint!, /bump/);
  assertEquals((await registry.save("major", "next", { bump: "patch" })).version, `${LAST}.0.1`);
});
