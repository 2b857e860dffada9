// Cases about saving.
import { asMap } from "../../../registry/contract/map.ts";
import { deepStrictEqual, match, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import { defineMaterializer, type FilesToSave } from "../../../core/materializer.ts";
import { chunks, collect, files, identityOf, noise, refused, versionsOf } from "./registry_case.ts";
import { assertBytes } from "../backend/samples.ts";
import { given } from "../given.ts";
import type { RegistryCase } from "./registry_case.ts";

/** Names that some disk, store, address or shell takes for something else. */
const HOSTILE = [
  "model",
  "model/1.0.0",
  "Model",
  "con",
  "con.txt",
  "...",
  "..a/b..",
  ".a",
  "/",
  "//",
  "C:\\x",
  "a?b#&=+;",
  "%2e%2e",
  "%2F",
  "=2e",
  "~",
  "é",
  "e\u0301",
  "🦊",
  "漢字",
  "x".repeat(200),
  "a b",
  "__proto__",
  "versions",
];

/** Invalid names. */
export const NO_NAMES: readonly string[] = [
  "",
  "a\0b",
  "a\nb",
  " a",
  "a ",
  "\ud83e",
  "x".repeat(201),
  "é".repeat(40),
];

function producing(save: () => FilesToSave) {
  return defineMaterializer<unknown>({ id: "test/any", save, load: () => undefined });
}

export const saveCases: readonly RegistryCase[] = [
  given(
    "load() and info() return a saved value and its facts, in another program too",
    async ({ registry, reopen }) => {
      const saved = await registry.save("my:model", { depth: 12 }, { metadata: { by: "me" } });
      deepStrictEqual([saved.name, saved.version, saved.skipped], ["my:model", "1.0.0", false]);
      match(saved.commit, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      match(saved.digest, /^[0-9a-f]{64}$/);
      ok(saved.size > 0 && saved.createdAt instanceof Date);
      for (const each of [registry, await reopen()]) {
        deepStrictEqual(await each.load("my:model"), { depth: 12 });
        const { name, version, commit, digest, size, createdAt, metadata, inputs, generation } =
          await each.info(
            "my:model",
          );
        deepStrictEqual(
          { name, version, commit, digest, size, createdAt, skipped: false },
          identityOf(saved),
        );
        deepStrictEqual([metadata, inputs, generation], [{ by: "me" }, [], 1]);
      }
    },
    { needs: ["save"] },
  ),
  given("save() keeps text, JSON and bytes of any size as they are", async ({ registry }) => {
    const values = ["", "naïve\n🦊", 0, -1.5, true, null, [], {}, { a: [1, { b: null }] }, [[[
      "x",
    ]]]];
    for (const [i, value] of values.entries()) {
      await registry.save(`value ${i}`, value);
      deepStrictEqual(await registry.load(`value ${i}`), value);
    }
    for (const size of [0, 1, 511, 65_535, 65_537, 262_144, 262_145, 3_000_000]) {
      const saved = await registry.save("sizes", noise(size));
      strictEqual(saved.size, size);
      assertBytes(await registry.load(`sizes@${saved.version}`), noise(size));
    }
  }, { needs: ["save"] }),
  given(
    "save() stores all of a small or large stream; nothing of one that fails, and reports why",
    async ({ registry }) => {
      for (const count of [0, 1, 3, 30]) {
        strictEqual((await registry.save("a", chunks(count))).size, count * 100_000);
        const bytes = await registry.load("a") as Uint8Array;
        for (let i = 0; i < count; i++) {
          assertBytes(bytes.slice(i * 100_000, (i + 1) * 100_000), noise(100_000, i + 1));
        }
      }
      for (const count of [0, 1, 30]) {
        const failure = new Error("cable cut");
        const error = await refused("TaskFailed", registry.save("b", chunks(count, failure)));
        strictEqual(error.cause, failure);
      }
      strictEqual(await registry.has("b"), false);
      strictEqual((await registry.save("b", "x")).version, "1.0.0");
    },
    { needs: ["save"] },
  ),
  given(
    "save() keeps many files with their paths and media types, and load() accepts the materializer that saved them",
    async ({ registry }) => {
      const many = Object.fromEntries(
        Array.from(
          { length: 1_000 },
          (_, i) => [`d${i % 7}/f ${i}%.é`, noise(i % 5 === 0 ? 0 : 100, i)],
        ),
      );
      await registry.save("many", many, { as: files });
      deepStrictEqual(await registry.load("many", { as: files }), many);
      strictEqual((await registry.info("many")).files.length, 1_000);
      const typed = producing(() => [{ path: "x.csv", mediaType: "text/csv", content: noise(3) }]);
      await registry.save("typed", 1, { as: typed });
      const [{ path, mediaType, size, sha256 }] = (await registry.info("typed")).files;
      deepStrictEqual([path, mediaType, size], ["x.csv", "text/csv", 3]);
      match(sha256, /^[0-9a-f]{64}$/);
    },
    { needs: ["save"] },
  ),
  given(
    "save() refuses paths that leave the artifact or repeat, and saves nothing then",
    async ({ registry }) => {
      const content = new Uint8Array(1);
      for (const path of ["", "/x", "../x", "a/../../x", "a//b", "./a", "a/", "a\0b"]) {
        await refused(
          "Invalid",
          registry.save("a", 1, { as: producing(() => [{ path, content }]) }),
        );
      }
      const twice = producing(() => [{ path: "a", content }, { path: "a", content }]);
      await refused("Invalid", registry.save("a", 1, { as: twice }));
      strictEqual(await registry.has("a"), false);
    },
    { needs: ["save"] },
  ),
  given(
    "save() reports a failure of the caller's own code as TaskFailed, and saves nothing",
    async ({ registry }) => {
      const bug = new TypeError("bug");
      const failing = producing(() => {
        throw bug;
      });
      strictEqual(
        (await refused("TaskFailed", registry.save("a", 1, { as: failing }))).cause,
        bug,
      );
      strictEqual(await registry.has("a"), false);
    },
    { needs: ["save"] },
  ),
  given("save() refuses a value without a materializer as Unsupported", async ({ registry }) => {
    const cycle: unknown[] = [];
    cycle.push(cycle);
    for (const value of [() => 1, Symbol("x"), new WeakMap(), cycle]) {
      await refused("Unsupported", registry.save("a", value));
    }
    strictEqual(await registry.has("a"), false);
  }, { needs: ["save"] }),
  given("hostile names keep their values apart", async ({ registry }) => {
    for (const name of HOSTILE) await registry.save(name, { of: name });
    for (const name of HOSTILE) deepStrictEqual(await registry.load(name), { of: name }, name);
    deepStrictEqual(new Set(await collect(registry.names())), new Set(HOSTILE));
    await registry.delete("model", { allVersions: true });
    deepStrictEqual(await registry.load("model/1.0.0"), { of: "model/1.0.0" });
  }, { needs: ["save"] }),
  given("each writing method refuses an invalid name", async ({ registry }) => {
    for (const name of [...NO_NAMES, "a@b"]) {
      await refused("Invalid", registry.save(name, 1));
      await refused("Invalid", asMap(registry).set(name, 1));
      await refused("Invalid", registry.copy("b", name));
      await refused("Invalid", registry.setAlias(name, "x", "1"));
      if (name !== "a@b") await refused("Invalid", registry.delete(name, { allVersions: true }));
    }
  }, { needs: ["save"] }),
  given(
    "save() numbers versions 1.0.0, 2.0.0, 3.0.0, above the highest, and never twice",
    async ({ registry }) => {
      const saved = [];
      for (let i = 0; i < 4; i++) saved.push((await registry.save("a", i)).version);
      deepStrictEqual(saved, ["1.0.0", "2.0.0", "3.0.0", "4.0.0"]);
      await registry.delete("a@4.0.0");
      strictEqual((await registry.save("a", "x")).version, "5.0.0");
      await registry.delete("a", { allVersions: true });
      strictEqual((await registry.save("a", "y")).version, "6.0.0");
      for (const version of ["2.1", "1.0.9", "3.0.0-rc.1"]) {
        await registry.save("b", version, { version });
      }
      strictEqual((await registry.save("b", "next")).version, "2.2.0");
      await registry.save("c", "pre", { version: "3.0.0-rc.1" });
      strictEqual((await registry.save("c", "next")).version, "3.0.0");
    },
    { needs: ["save"] },
  ),
  given(
    "save() raises the number that bump selects, and returns versions in full",
    async ({ registry }) => {
      strictEqual((await registry.save("a", 1, { version: "1.2" })).version, "1.2.0");
      strictEqual((await registry.save("a", 1, { bump: "patch" })).version, "1.2.1");
      strictEqual((await registry.save("a", 1, { bump: "minor" })).version, "1.3.0");
      strictEqual((await registry.save("a", 1, { bump: "major" })).version, "2.0.0");
      strictEqual((await registry.save("a", 1, { version: "3-rc.1" })).version, "3.0.0-rc.1");
      strictEqual(
        (await registry.save("a", 1, { version: "4.0.0+build.7" })).version,
        "4.0.0+build.7",
      );
      await refused("Invalid", registry.save("a", 1, { version: "5", bump: "major" }));
      await refused("Invalid", registry.save("a", 1, { bump: "huge" as "major" }));
      for (const version of ["01", "1.2.3.4", "^1", "latest", ""]) {
        await refused("Invalid", registry.save("a", 1, { version }));
      }
    },
    { needs: ["save"] },
  ),
  given(
    "many concurrent saves of a name succeed, each with a unique number",
    async ({ registry, reopen }) => {
      const programs = [registry, await reopen(), await reopen()];
      const saved = await Promise.all(
        programs.flatMap((each, p) =>
          Array.from({ length: 5 }, (_, i) => each.save("a", `${p} ${i}`))
        ),
      );
      strictEqual(new Set(saved.map(({ version }) => version)).size, 15);
      deepStrictEqual(
        await versionsOf(registry, "a"),
        Array.from({ length: 15 }, (_, i) => `${15 - i}.0.0`),
      );
    },
    { needs: ["save"] },
  ),
  given(
    "equal content has an equal digest, whatever its name, version, metadata and compression",
    async ({ registry }) => {
      const value = "x".repeat(300_000);
      const one = await registry.save("a", value, { metadata: { run: 1 } });
      for (const compress of ["gzip", "zstd"] as const) {
        const saving = registry.save("b", value, { metadata: { run: 2 }, compress });
        const two = await saving.catch((error) => {
          if (compress === "gzip" || error?.code !== "Unsupported") throw error;
        });
        if (two === undefined) continue; // this runtime does not write Zstandard
        deepStrictEqual([two.digest, two.size], [one.digest, one.size]);
        notStrictEqual(two.commit, one.commit);
        strictEqual(await registry.load(`b@${two.version}`), value);
      }
      notStrictEqual((await registry.save("a", "other")).digest, one.digest);
      await refused("Invalid", registry.save("a", 1, { compress: "brotli" as "gzip" }));
    },
    { needs: ["save"] },
  ),
  given(
    "metadata and inputs are returned unchanged; values that JSON cannot keep exactly are Invalid",
    async ({ registry }) => {
      const { digest } = await registry.save("raw", "data");
      const metadata = {
        text: "naïve\n\u2028🦊",
        numbers: [0, -1.5, 1e300, 2 ** 53],
        nested: { a: [null, true, {}] },
      };
      const recorded = ["config", { ref: "raw@1", digest }, "raw@^1"];
      const inputs = recorded.map((input) =>
        typeof input === "string" ? { ref: input, digest: null } : input
      );
      await registry.save("a", 1, { metadata, inputs });
      const info = await registry.info("a");
      deepStrictEqual([info.metadata, info.inputs], [metadata, recorded]);
      for (
        const value of [
          undefined,
          NaN,
          1n,
          () => 1,
          new Date(0),
          new Map(),
          "y".repeat(66_000),
        ]
      ) {
        await refused("Invalid", registry.save("b", 1, { metadata: { value } }));
      }
      for (
        const input of ["a@@", "", { ref: 1 }, { ref: "a", digest: "abc" }, { ref: "a", path: "x" }]
      ) {
        await refused("Invalid", registry.save("b", 1, { inputs: [input as string] }));
      }
      strictEqual(await registry.has("b"), false);
    },
    { needs: ["save"] },
  ),
  given(
    "a used idempotency key returns the first result, in another program too",
    async ({ registry, reopen }) => {
      const first = await registry.save("a", "one", { idempotencyKey: "run 7/é" });
      for (const each of [registry, await reopen()]) {
        const again = await each.save("a", "two", { idempotencyKey: "run 7/é" });
        deepStrictEqual(identityOf(again), { ...identityOf(first), skipped: true });
        const other = { idempotencyKey: "run 7/é", version: "7" };
        await refused("Conflict", each.save("a", "two", other));
      }
      strictEqual((await registry.info("a")).idempotencyKey, "run 7/é");
      strictEqual((await registry.save("a", "two", { idempotencyKey: "run 8" })).version, "2.0.0");
      const both = await Promise.all(
        [1, 2, 3, 4].map((n) => registry.save("b", n, { idempotencyKey: "once" })),
      );
      strictEqual(new Set(both.map(({ commit }) => commit)).size, 1);
      strictEqual(both.filter(({ skipped }) => !skipped).length, 1);
      for (const idempotencyKey of ["", "a\0", "x".repeat(201)]) {
        await refused("Invalid", registry.save("a", 1, { idempotencyKey }));
      }
    },
    { needs: ["save"] },
  ),
  given(
    "skipIfUnchanged returns the previous version if the content is the same",
    async ({ registry }) => {
      for (const value of ["small", noise(700_000)]) {
        const first = await registry.save("a", value);
        const again = await registry.save("a", value, {
          skipIfUnchanged: true,
          metadata: { other: true },
        });
        deepStrictEqual(identityOf(again), { ...identityOf(first), skipped: true });
      }
      strictEqual(
        (await registry.save("a", "changed", { skipIfUnchanged: true })).version,
        "3.0.0",
      );
      const base = await registry.save("a", "small", { skipIfUnchanged: true, base: "a@1.0.0" });
      deepStrictEqual([base.version, base.skipped], ["1.0.0", true]);
      await refused("NotFound", registry.save("a", noise(500_000), { base: "nothing@1" }));
    },
    { needs: ["save"] },
  ),
  given(
    "versions that share bytes, or whole files alone, are loaded as they were saved",
    async ({ registry }) => {
      const values = [noise(700_000), noise(700_000), noise(700_000)];
      values[1].fill(1, 300_000, 301_000);
      values[2].fill(2, 500_000, 501_000);
      await registry.save("a", values[0]);
      await registry.save("a", values[1]);
      await registry.save("a", values[2], { share: "files" });
      for (const [n, value] of values.entries()) {
        assertBytes(await registry.load(`a@${n + 1}`), value);
        const [file] = (await registry.open(`a@${n + 1}`)).files();
        const range = new Response(file.stream({ offset: 299_000, length: 5_000 }));
        assertBytes(new Uint8Array(await range.arrayBuffer()), value.slice(299_000, 304_000));
      }
      await refused("Invalid", registry.save("a", 1, { share: "some" as "files" }));
    },
    { needs: ["save"] },
  ),
  given(
    'share: "none" stores every byte, and skipIfUnchanged still compares',
    async ({ registry }) => {
      const value = noise(300_000), own = { share: "none" } as const;
      await registry.save("a", value);
      const { addedBytes } = await registry.save("a", value, own);
      ok(addedBytes === undefined || addedBytes >= value.byteLength);
      const again = await registry.save("a", value, { ...own, skipIfUnchanged: true });
      deepStrictEqual([again.version, again.skipped], ["2.0.0", true]);
      strictEqual(
        (await registry.save("a", "b", { ...own, skipIfUnchanged: true })).version,
        "3.0.0",
      );
    },
    { needs: ["save"] },
  ),
];
