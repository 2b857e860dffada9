// Cases about versions that exist, overwriting and deleting.
import { asMap } from "../../../registry/contract/map.ts";
import { deepStrictEqual, notStrictEqual, strictEqual } from "node:assert/strict";
import { isRegistryError } from "../../../core/errors.ts";
import { chunks, collect, identityOf, noise, refused, versionsOf } from "./registry_case.ts";
import { assertBytes } from "../backend/samples.ts";
import { given } from "../given.ts";
import type { RegistryCase } from "./registry_case.ts";

const MUTABLE = { mutable: true };

async function race(tries: Promise<unknown>[]): Promise<{ won: number[]; codes: string[] }> {
  const outcomes = await Promise.allSettled(tries);
  return {
    won: outcomes.flatMap(({ status }, i) => status === "fulfilled" ? [i] : []),
    codes: outcomes.flatMap((outcome) => {
      if (outcome.status === "fulfilled") return [];
      return [isRegistryError(outcome.reason) ? outcome.reason.code : String(outcome.reason)];
    }),
  };
}

export const conflictCases: readonly RegistryCase[] = [
  given(
    "an existing version is AlreadyExists, or returned with onConflict: skip, and never changes",
    async ({ registry }) => {
      const first = await registry.save("a", "old", { version: "1.0.0" });
      for (const value of ["new", noise(400_000)]) {
        await refused("AlreadyExists", registry.save("a", value, { version: "1" }));
        const skipped = await registry.save("a", value, { version: "1", onConflict: "skip" });
        deepStrictEqual(identityOf(skipped), { ...identityOf(first), skipped: true });
      }
      strictEqual(await registry.load("a"), "old");
      strictEqual(
        (await registry.save("a", "two", { version: "2", onConflict: "skip" })).skipped,
        false,
      );
      await refused("Invalid", registry.save("a", 2, { version: "1", onConflict: "overwrite" }));
      await refused("Invalid", registry.save("a", 2, { version: "1", ifCommit: first.commit }));
      await refused("Invalid", registry.save("a", 2, { onConflict: "replace" as "fail" }));
      strictEqual(await registry.load("a@1"), "old");
    },
    { needs: ["save"] },
  ),
  given("a version that was deleted is never used again", async ({ registry }) => {
    await registry.save("a", "old", { version: "1.0.0" });
    await registry.delete("a@1.0.0");
    await refused("AlreadyExists", registry.save("a", "new", { version: "1.0.0" }));
    await refused(
      "AlreadyExists",
      registry.save("a", "new", { version: "1.0.0", onConflict: "skip" }),
    );
    strictEqual(await registry.has("a@1.0.0"), false);
  }, { needs: ["save"] }),
  given("a deleted version is restored as it was, once", async ({ registry }) => {
    const value = noise(400_000);
    const { createdAt, digest } = await registry.save("a", value, { metadata: { n: 1 } });
    await refused("AlreadyExists", registry.undelete("a@1"));
    await refused("NotFound", registry.undelete("a@2"));
    await refused("Invalid", registry.undelete("a@^1"));
    await registry.delete("a@1");
    const [deleted] = await collect(registry.versions("a", { deleted: true }));
    strictEqual(deleted!.version, "1.0.0");
    strictEqual(deleted!.deleted!.until > deleted!.deleted!.at, true);
    const restored = await registry.undelete("a", { version: "1" });
    deepStrictEqual([restored.createdAt, restored.digest], [createdAt, digest]);
    const info = await registry.info("a@1");
    deepStrictEqual([info.metadata, info.restored!.length], [{ n: 1 }, 1]);
    strictEqual(info.restored![0]!.deletedAt.getTime(), deleted!.deleted!.at.getTime());
    deepStrictEqual(await registry.load("a@1"), value);
    deepStrictEqual(await collect(registry.versions("a", { deleted: true })), []);
  }, { needs: ["save"] }),
  given(
    "one of many concurrent saves of a version wins, the others fail with AlreadyExists",
    async ({ registry, reopen }) => {
      const programs = [registry, await reopen()];
      const { won, codes } = await race(
        Array.from({ length: 8 }, (_, i) => programs[i % 2].save("a", i, { version: "1" })),
      );
      deepStrictEqual([won.length, new Set(codes)], [1, new Set(["AlreadyExists"])]);
      strictEqual(await registry.load("a"), won[0]);
    },
    { needs: ["save"] },
  ),
  given(
    "a mutable registry overwrites live and deleted versions, and counts generations",
    async ({ registry }) => {
      strictEqual(registry.settings.mutable, true);
      const first = await registry.save("a", "one", { version: "1" });
      await refused("AlreadyExists", registry.save("a", "two", { version: "1" }));
      const second = await registry.save("a", noise(400_000), {
        version: "1",
        onConflict: "overwrite",
      });
      notStrictEqual(second.commit, first.commit);
      assertBytes(await registry.load("a"), noise(400_000));
      strictEqual((await registry.info("a")).generation, 2);
      await registry.delete("a@1");
      await refused("AlreadyExists", registry.save("a", "x", { version: "1" }));
      await registry.save("a", "four", { version: "1", onConflict: "overwrite" });
      deepStrictEqual([await registry.load("a"), (await registry.info("a")).generation], [
        "four",
        4,
      ]);
      deepStrictEqual(await versionsOf(registry, "a"), ["1.0.0"]);
      await refused(
        "TaskFailed",
        registry.save("a", chunks(3, new Error("cut")), { version: "1", onConflict: "overwrite" }),
      );
      strictEqual(await registry.load("a@1"), "four");
    },
    { needs: ["save"], settings: MUTABLE },
  ),
  given(
    "ifCommit overwrites only that commit, with one winner among many at once",
    async ({ registry }) => {
      const first = await registry.save("a", "one", { version: "1" });
      const { won, codes } = await race(
        Array.from(
          { length: 8 },
          (_, i) => registry.save("a", i, { version: "1", ifCommit: first.commit }),
        ),
      );
      deepStrictEqual([won.length, new Set(codes)], [1, new Set(["Conflict"])]);
      strictEqual(await registry.load("a"), won[0]);
      await refused("Conflict", registry.save("a", "x", { version: "1", ifCommit: first.commit }));
      await refused("Conflict", registry.save("a", "x", { version: "2", ifCommit: first.commit }));
      strictEqual(await registry.has("a@2"), false);
      const { commit } = await registry.info("a@1");
      await refused("Invalid", registry.save("a", "x", { ifCommit: commit }));
      await registry.delete("a@1");
      await refused("Conflict", registry.save("a", "x", { version: "1", ifCommit: commit }));
    },
    { needs: ["save"], settings: MUTABLE },
  ),
  given("a registry without versions keeps one value per name", async ({ registry }) => {
    strictEqual(registry.settings.versioned, false);
    strictEqual((await asMap(registry).set("a", 1)).version, "1.0.0");
    await refused("AlreadyExists", registry.save("a", 2));
    await refused("AlreadyExists", asMap(registry).set("a", 2));
    await refused("Invalid", registry.save("a", 2, { version: "2" }));
    strictEqual((await registry.save("a", 2, { onConflict: "skip" })).skipped, true);
    deepStrictEqual([await registry.load("a"), await registry.load("a@1.0.0")], [1, 1]);
    await refused("NotFound", registry.load("a@2.0.0"));
    deepStrictEqual(await versionsOf(registry, "a"), ["1.0.0"]);
    const { commit } = await registry.info("a");
    await refused("Conflict", registry.delete("a", { allVersions: true, ifCommit: "another" }));
    strictEqual(await registry.delete("a", { allVersions: true, ifCommit: commit }), true);
    deepStrictEqual(await versionsOf(registry, "a"), []);
  }, { needs: ["save"], settings: { versioned: false } }),
  given("set() replaces the value of a mutable registry without versions", async ({ registry }) => {
    const first = await asMap(registry).set("a", 1);
    strictEqual((await asMap(registry).set("a", 2)).version, "1.0.0");
    strictEqual(await registry.get("a"), 2);
    await refused("Conflict", registry.save("a", "x", { ifCommit: first.commit }));
    strictEqual(await registry.delete("a", { allVersions: true }), true);
    await asMap(registry).set("a", 3);
    strictEqual(await registry.load("a"), 3);
  }, { needs: ["save"], settings: { versioned: false, mutable: true } }),
  given("set() of a registry with versions saves the next one", async ({ registry }) => {
    deepStrictEqual(
      [(await asMap(registry).set("a", 1)).version, (await asMap(registry).set("a", 2)).version],
      ["1.0.0", "2.0.0"],
    );
    strictEqual(await registry.get("a"), 2);
  }, { needs: ["save"] }),
  given(
    "delete() removes a version, or the one that a range selects, and returns whether it existed",
    async ({ registry }) => {
      for (const version of ["1.0", "1.1", "2.0", "3.0"]) {
        await registry.save("a", version, { version });
      }
      strictEqual(await registry.delete("a@1"), true);
      for (const ref of ["a@1", "a@7", "b@1", "b@^1"]) {
        strictEqual(await registry.delete(ref), false, ref);
      }
      strictEqual(await registry.delete("b", { allVersions: true }), false);
      strictEqual(await registry.delete("a@^1"), true);
      strictEqual(await registry.delete("a@latest"), true);
      strictEqual(await registry.delete("a", { version: "2.0.0" }), true);
      deepStrictEqual(await versionsOf(registry, "a"), []);
      for (const ref of ["", "@", "a@", "a@01", "a@1@2"]) {
        await refused("Invalid", registry.delete(ref));
      }
      await refused("Invalid", registry.delete("a@2", { version: "2" }));
    },
    { needs: ["save"] },
  ),
  given(
    "delete() of a bare name removes every version, prereleases too, and no other name",
    async ({ registry }) => {
      for (const version of ["1", "2", "3.0.0-rc.1"]) {
        await registry.save("a", version, { version });
      }
      await registry.save("a/b", "stays");
      strictEqual(await registry.delete("a", { allVersions: true }), true);
      strictEqual(await registry.delete("a", { allVersions: true }), false);
      deepStrictEqual(await collect(registry.names()), ["a/b"]);
    },
    { needs: ["save"] },
  ),
  given("delete() refuses a version with an alias, unless forced", async ({ registry }) => {
    for (const version of ["1", "2"]) await registry.save("a", version, { version });
    await registry.setAlias("a", "production", "1");
    for (const ref of ["a@1", "a@production"]) await refused("Conflict", registry.delete(ref));
    await refused("Conflict", registry.delete("a", { allVersions: true }));
    strictEqual((await versionsOf(registry, "a")).length, 2, "refused as a whole");
    strictEqual(await registry.delete("a@1", { force: true }), true);
    await refused("NotFound", registry.load("a@production"));
  }, { needs: ["save"] }),
  given("a dry run of delete() answers as delete() does, and deletes nothing", async (context) => {
    const { registry } = context;
    const { commit } = await registry.save("a", 1, { version: "1" });
    await registry.save("a", 2, { version: "2" });
    await registry.setAlias("a", "production", "2");
    const dryRun = true;
    await refused("Conflict", registry.delete("a@2", { dryRun }));
    await refused("Conflict", registry.delete("a@1", { dryRun, ifCommit: "another" }));
    await refused("Conflict", registry.delete("a", { dryRun, allVersions: true }));
    await refused("Invalid", registry.delete("a", { dryRun }));
    strictEqual(await registry.delete("a@7", { dryRun }), false);
    strictEqual(await registry.delete("b", { dryRun, allVersions: true }), false);
    strictEqual(await registry.delete("a@1", { dryRun, ifCommit: commit }), true);
    strictEqual(await registry.delete("a@production", { dryRun, force: true }), true);
    strictEqual(await registry.delete("a", { dryRun, allVersions: true, force: true }), true);
    strictEqual((await versionsOf(registry, "a")).length, 2);
  }, { needs: ["save"] }),
  given("delete() with ifCommit removes only that commit", async ({ registry }) => {
    const first = await registry.save("a", 1, { version: "1" });
    const second = await registry.save("a", 2, { version: "1", onConflict: "overwrite" });
    await refused("Conflict", registry.delete("a@1", { ifCommit: first.commit }));
    strictEqual(await registry.load("a"), 2);
    await refused(
      "Invalid",
      registry.delete("a", { allVersions: true, ifCommit: second.commit }),
    );
    strictEqual(await registry.delete("a@1", { ifCommit: second.commit }), true);
    strictEqual(await registry.has("a"), false);
  }, { needs: ["save"], settings: MUTABLE }),
  given(
    "one of many concurrent deletions of a version returns true, and none fails",
    async ({ registry }) => {
      await registry.save("a", 1);
      const outcomes = await Promise.all(Array.from({ length: 8 }, () => registry.delete("a@1")));
      strictEqual(outcomes.filter(Boolean).length, 1);
    },
    { needs: ["save"] },
  ),
];
