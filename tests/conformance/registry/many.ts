// Cases about many values at once, and copies.
import { deleteMany, loadMany, saveMany } from "../../../registry/contract/many.ts";
import { deepStrictEqual, notStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { ManyProgress, SaveEntry } from "../../../core/registry.ts";
import { collect, files, noise, refused, type RegistryCase, throwsSame } from "./registry_case.ts";
import { assertBytes } from "../backend/samples.ts";
import { given } from "../given.ts";

const MANY: SaveEntry[] = Array.from({ length: 40 }, (_, i) => ({ name: `n${i % 10}`, value: i }));

/** Cases about many values at once, and copies. */
export const manyCases: readonly RegistryCase[] = [
  given(
    "saveMany() numbers the same name in input order, with results at their own index",
    async ({ registry }) => {
      const { results, succeeded, failed, errors } = await saveMany(registry, MANY);
      deepStrictEqual(succeeded, MANY.map((_, i) => i));
      deepStrictEqual([failed, errors.size], [[], 0]);
      for (const [i, result] of results.entries()) {
        ok(result.ok);
        deepStrictEqual([result.value.name, result.value.version], [
          `n${i % 10}`,
          `${Math.floor(i / 10) + 1}.0.0`,
        ]);
      }
      strictEqual(await registry.load("n3@2"), 13);
    },
    { needs: ["save"] },
  ),
  given(
    "saveMany() continues after a failure, and returns an error with a code at each index",
    async ({ registry }) => {
      const { results, succeeded, failed, errors } = await saveMany(registry, [
        { name: "a", value: 1, version: "1" },
        { name: "bad@name", value: 1 },
        { name: "a", value: Symbol("x") },
        { name: "a", value: 2, version: "1.0.0" },
        { name: "a", value: 3, metadata: { x: NaN } },
        { name: "a", value: 4, version: "2" },
      ]);
      deepStrictEqual([succeeded, failed], [[0, 5], [1, 2, 3, 4]]);
      deepStrictEqual([...errors].map(([i, { code }]) => [i, code]), [
        [1, "Invalid"],
        [2, "Unsupported"],
        [3, "AlreadyExists"],
        [4, "Invalid"],
      ]);
      ok(!results[3].ok && results[3].error === errors.get(3));
    },
    { needs: ["save"] },
  ),
  given("loadMany() returns values and errors by input index", async ({ registry, writer }) => {
    for (let i = 0; i < 3; i++) {
      await saveMany(writer, [{ name: "a", value: i }, { name: "b", value: 10 + i }]);
    }
    const refs = ["a", "nothing", "a@1", "a@^9", "b@production", "b@2.0.0", "a"];
    const { results, succeeded, failed, errors } = await loadMany(registry, refs);
    const values = results.map((result) => result.ok ? result.value : undefined);
    deepStrictEqual(values, [2, undefined, 0, undefined, undefined, 11, 2]);
    deepStrictEqual([succeeded, failed], [[0, 2, 5, 6], [1, 3, 4]]);
    deepStrictEqual(new Set([...errors.values()].map(({ code }) => code)), new Set(["NotFound"]));
    const first = await loadMany(registry, ["a", "b"], { version: "1", concurrency: 1 });
    deepStrictEqual(first.results.map((result) => result.ok && result.value), [0, 10]);
    for (const concurrency of [0, -1, 1.5, NaN]) {
      await refused("Invalid", loadMany(registry, [], { concurrency }));
    }
  }),
  given(
    "loadMany() reports a failure of the caller's own code as TaskFailed, and with stopOnError starts no more loads",
    async ({ registry, writer }) => {
      await writer.save("a", 1);
      const as = {
        id: "json",
        formatVersion: 1,
        save: () => [],
        load: () => Promise.reject(new TypeError("bug")),
      };
      strictEqual((await loadMany(registry, ["a"], { as })).errors.get(0)?.code, "TaskFailed");
      const stopped = await loadMany(registry, ["nothing", "a", "a"], {
        concurrency: 1,
        stopOnError: true,
      });
      deepStrictEqual([stopped.failed, stopped.succeeded], [[0], []]);
    },
  ),
  given(
    "deleteMany() continues after a failure, and returns for each ref whether it existed",
    async ({ registry }) => {
      for (const name of ["a", "a", "b", "b", "c"]) await registry.save(name, 1);
      await registry.setAlias("b", "production", "2");
      const refs = ["a@1", "a@1", "b@2", "nothing@1", "c@^1"];
      const { results, errors } = await deleteMany(registry, refs, { concurrency: 1 });
      const deleted = [true, false, "Conflict", false, true];
      deepStrictEqual(
        results.map((result) => result.ok ? result.value : result.error.code),
        deleted,
      );
      strictEqual(errors.get(2)?.code, "Conflict");
      deepStrictEqual((await deleteMany(registry, ["b@2"], { force: true })).succeeded, [0]);
      deepStrictEqual(await collect(registry.names()), ["a", "b"]);
    },
    { needs: ["save"] },
  ),
  given(
    "saveMany() reads inputs as they come, no more than it works on, and reports each result",
    async ({ registry }) => {
      let asked = 0, done = 0;
      async function* entries(): AsyncGenerator<SaveEntry> {
        for (let i = 0; i < 30; i++) {
          ok(asked - done <= 4, `${asked} asked, ${done} done`);
          asked++;
          yield await Promise.resolve({ name: `n${i}`, value: i });
        }
      }
      const heard: ManyProgress[] = [];
      const onProgress = (progress: ManyProgress) => {
        done++;
        heard.push(progress);
      };
      strictEqual(
        (await saveMany(registry, entries(), { concurrency: 4, onProgress })).succeeded.length,
        30,
      );
      deepStrictEqual(heard.map(({ done }) => done), Array.from({ length: 30 }, (_, i) => i + 1));
      strictEqual(new Set(heard.map(({ index }) => index)).size, 30);
    },
    { needs: ["save"] },
  ),
  given(
    "progress counts what is done, and how much of it failed",
    async ({ registry }) => {
      const wrong = [1, 2, 5];
      const entries = Array.from({ length: 8 }, (_, i) => ({
        name: wrong.includes(i) ? "" : `p${i}`,
        value: i,
      }));
      const heard: ManyProgress[] = [];
      await saveMany(registry, entries, {
        concurrency: 1,
        onProgress: (progress) => heard.push(progress),
      });
      deepStrictEqual(
        heard,
        [0, 1, 2, 2, 2, 3, 3, 3].map((failed, index) => ({ index, done: index + 1, failed })),
      );
    },
    { needs: ["save"] },
  ),
  given(
    "saveMany() throws the reason of its signal, and errors of its inputs",
    async ({ registry }) => {
      const controller = new AbortController();
      const reason = new Error("enough");
      const many = saveMany(registry, MANY.map((entry, i) => ({ ...entry, name: `m${i}` })), {
        concurrency: 2,
        signal: controller.signal,
        onProgress: ({ done }) => done === 10 && controller.abort(reason),
      });
      await throwsSame(many, reason);
      const names = (await collect(registry.names())).length;
      ok(names >= 10 && names < 14, `${names}`);
      await throwsSame(loadMany(registry, ["m0"], { signal: controller.signal }), reason);
      function* entries(): Generator<SaveEntry> {
        yield { name: "a", value: 1 };
        throw reason;
      }
      await throwsSame(saveMany(registry, entries()), reason);
      strictEqual(await registry.has("a"), true);
    },
    { needs: ["save"] },
  ),
  given(
    "copy() saves files, metadata and inputs under another name, as a new commit",
    async ({ registry }) => {
      const value = { "small": noise(10), "large": noise(700_000, 2) };
      const options = {
        as: files,
        metadata: { x: 1 },
        inputs: [{ ref: "raw@1", digest: null }],
        idempotencyKey: "k",
      };
      const from = await registry.save("a", value, options);
      const copied = await registry.copy(`a@${from.version}`, "b");
      deepStrictEqual([copied.name, copied.digest, copied.size, copied.skipped], [
        "b",
        from.digest,
        from.size,
        false,
      ]);
      notStrictEqual(copied.commit, from.commit);
      const info = await registry.info("b");
      deepStrictEqual([info.metadata, info.inputs, info.idempotencyKey], [
        { x: 1 },
        ["raw@1"],
        undefined,
      ]);
      await registry.delete("a", { allVersions: true });
      const loaded = Object.entries(await registry.load("b", { as: files }));
      deepStrictEqual(loaded.map(([path]) => path).sort(), Object.keys(value).sort());
      for (const [path, bytes] of loaded) assertBytes(bytes, value[path as keyof typeof value]);
    },
    { needs: ["save"] },
  ),
  given("copy() saves the next version, or the given one", async ({ registry }) => {
    await registry.save("a", 1, { version: "5" });
    strictEqual((await registry.copy("a", "b")).version, "1.0.0");
    strictEqual((await registry.copy("a@^5", "b")).version, "2.0.0");
    strictEqual((await registry.copy("a", "b@7.1")).version, "7.1.0");
    strictEqual((await registry.copy("a@5", "a")).version, "6.0.0");
    for (const to of ["b@^1", "b@production", "b@latest", "b@"]) {
      await refused("Invalid", registry.copy("a", to));
    }
    await refused("NotFound", registry.copy("a@2", "b"));
    await refused("NotFound", registry.copy("c", "b"));
  }, { needs: ["save"] }),
  given("copy() refuses, skips or overwrites an existing version", async ({ registry }) => {
    await registry.save("a", "new");
    await registry.save("b", "old");
    await refused("AlreadyExists", registry.copy("a", "b@1"));
    strictEqual((await registry.copy("a", "b@1", { onConflict: "skip" })).skipped, true);
    strictEqual(await registry.load("b"), "old");
    await registry.copy("a", "b@1", { onConflict: "overwrite" });
    strictEqual(await registry.load("b"), "new");
  }, { needs: ["save"], settings: { mutable: true } }),
];
