import { asMap } from "../../../registry/contract/map.ts";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import type { Artifact, Registry } from "../../../mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { mirrorRegistry } from "../../../extensions/mirrors/mod.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { aliasesOf, files } from "../../conformance/registry/registry_case.ts";
import { collect, rejected } from "../../registry/rejected.ts";
import { assertCopied, saveMembers } from "../../registry/format/copied_members.ts";
import { noise } from "../../registry/registries.ts";
import { withoutStore } from "../../registry/contract/without_store.ts";

const SET = { "a.bin": noise(400_000), "b/c.txt": noise(10, 2), "empty": new Uint8Array() };

/** Versions of all kinds, with an alias. */
async function fill(registry: Registry): Promise<void> {
  await registry.save("data", noise(300_000), { version: "1.0.0+build.7", idempotencyKey: "k" });
  const { digest } = await registry.info("data");
  await registry.save("set", SET, {
    as: files,
    metadata: { x: 1 },
    inputs: [{ ref: "data@1", digest }],
  });
  await registry.save("set", { one: noise(3) }, { as: files, version: "2.1" });
  await registry.save("set", "rc", { version: "3.0.0-rc.1" });
  await registry.setAlias("set", "production", "2.1");
}

const kept = async (registry: Registry, ref: string) => {
  const { version, digest, size, metadata, inputs, materializer, files } = await registry.info(ref);
  return { version, digest, size, metadata, inputs, materializer, files };
};

const cases = [["with", (registry: Registry) => registry], ["without", withoutStore]] as const;
for (const [kind, wrapTarget] of cases) {
  Deno.test(`a registry without a store is mirrored into one ${kind} a store`, async () => {
    const from = await openRegistry("memory:"), there = await openRegistry("memory:");
    await fill(from);
    const to = wrapTarget(there);
    const progress: number[] = [];
    const report = await mirrorRegistry(withoutStore(from), to, {
      onProgress: ({ bytes }) => progress.push(bytes),
    });
    assertEquals([report.failures, report.copied, report.aliases, report.names], [[], 4, 1, 2]);
    assertEquals([report.files, report.bytes], [6, 700_015]);
    assertEquals(progress.at(-1), 700_015);
    for (const ref of ["data@1", "set@1", "set@2.1", "set@3.0.0-rc.1"]) {
      assertEquals(await kept(to, ref), await kept(from, ref), ref);
    }
    assertEquals(await to.load("set@1", { as: files }), SET);
    assertEquals(await aliasesOf(to, "set"), { production: "2.1.0" });
    assertEquals((await to.info("data")).idempotencyKey, undefined);
    assertEquals((await verifyRegistry(there)).problems, []);

    await from.save("set", "new", { version: "4" });
    await from.setAlias("set", "production", "4");
    const again = await mirrorRegistry(withoutStore(from), to, { verify: true });
    assertEquals([again.copied, again.skipped, again.aliases, again.failures], [1, 4, 1, []]);
    assertEquals(await to.load("set@production"), "new");
  });
}

Deno.test("a mirror between registries without stores keeps the members that a copy keeps", async () => {
  const from = await openRegistry("memory:");
  await saveMembers(from);
  for (const [, wrapTarget] of cases) {
    const to = await openRegistry("memory:");
    await mirrorRegistry(withoutStore(from), wrapTarget(to));
    await assertCopied([from, "a"], [to, "a"]);
  }
});

Deno.test("only a target with a store keeps dates, origins and annotations", async () => {
  const from = await openRegistry("memory:"),
    to = await openRegistry("memory:"),
    other = await openRegistry("memory:");
  const saved = await from.save("a", 1);
  await from.save("a", 2);
  await from.delete("a@2");
  const report = await mirrorRegistry(withoutStore(from), to);
  assertEquals(report.leftOut, ["deletions", "removed aliases", "annotations"]);
  const info = await to.info("a");
  assertEquals([info.createdAt, info.origin], [saved.createdAt, {
    registry: from.id,
    commit: saved.commit,
  }]);
  assertNotEquals(info.commit, saved.commit);
  assertEquals((await mirrorRegistry(from, to)).skipped, 1, "a mirror between the stores knows it");

  await other.save("a", 2, { version: "2" });
  assertEquals((await mirrorRegistry(from, withoutStore(other))).leftOut, [
    ...["deletions", "removed aliases", "dates", "annotations"],
  ]);
  assertEquals(await other.load("a@2"), 2, "a deletion is left out");
  assertEquals((await other.info("a")).origin, undefined);
  assertEquals(
    (await mirrorRegistry(withoutStore(from), withoutStore(to), { deleted: false })).leftOut,
    ["dates", "annotations"],
  );
  assertEquals((await mirrorRegistry(from, to)).leftOut, []);
});

Deno.test("a mirror without a store has all options", async () => {
  const from = await openRegistry("memory:"), to = await openRegistry("memory:");
  await fill(from);
  const source = withoutStore(from);
  const dry = await mirrorRegistry(source, to, { dryRun: true, verify: true });
  assertEquals([dry.copied, dry.bytes, await collect(to.names())], [4, 700_015, []]);
  await mirrorRegistry(source, to, { prefix: "s", range: "^2", rename: (name) => `team/${name}` });
  assertEquals(await collect(to.names()), ["team/set"]);
  assertEquals((await collect(to.versions("team/set"))).map(({ version }) => version), ["2.1.0"]);
  assertEquals(await aliasesOf(to, "team/set"), { production: "2.1.0" });
  await rejected("NotFound", mirrorRegistry(source, to, { names: ["nothing"] }));
  await rejected("Invalid", mirrorRegistry(source, to, { rename: () => "same" }));
  await rejected(
    "Invalid",
    mirrorRegistry(source, await openRegistry("memory:", { versioned: false })),
  );
  const closed = await openRegistry(to.backend, { readOnly: true });
  await rejected("Denied", mirrorRegistry(source, closed));
});

Deno.test("another value in the target is a Conflict, or overwritten if mutable", async () => {
  const from = await openRegistry("memory:");
  await from.save("a", "theirs", { version: "1" });
  await from.setAlias("a", "production", "1");
  for (const wrap of [(registry: Registry) => registry, withoutStore]) {
    const firm = await openRegistry("memory:"),
      soft = await openRegistry("memory:", { mutable: true });
    for (const to of [firm, soft]) await to.save("a", "ours", { version: "1" });
    const { failures } = await mirrorRegistry(withoutStore(from), wrap(firm));
    assertEquals(failures.map(({ name, version, error }) => [name, version, error.code]), [[
      "a",
      "1.0.0",
      "Conflict",
    ]]);
    assertMatch(failures[0].error.hint!, /rename/);
    assertEquals([await firm.load("a"), await aliasesOf(firm, "a")], ["ours", {}]);
    assertEquals((await mirrorRegistry(withoutStore(from), wrap(soft))).failures, []);
    assertEquals(await soft.load("a"), "theirs");
    await firm.delete("a", { allVersions: true });
    const buried = await mirrorRegistry(withoutStore(from), wrap(firm));
    assertMatch(buried.failures[0].error.message, /has deleted the version/);
  }
});

Deno.test("registries without versions are mirrored too", async () => {
  const from = await openRegistry("memory:", { versioned: false, mutable: true });
  const to = await openRegistry("memory:", { versioned: false, mutable: true });
  await asMap(from).set("a", 1);
  for (const value of [1, 2]) {
    await asMap(from).set("a", value);
    assertEquals((await mirrorRegistry(withoutStore(from), withoutStore(to))).failures, []);
    assertEquals(await to.load("a"), value);
  }
});

Deno.test("failures of single versions are reported, passing ones retried", async () => {
  const from = await openRegistry("memory:"), to = await openRegistry("memory:");
  for (const name of ["a", "b", "c"]) await from.save(name, noise(300_000));
  let busy = 2;
  const troubled = {
    ...withoutStore(from),
    async open(ref: string): Promise<Artifact> {
      if (ref.startsWith("a") && busy-- > 0) {
        throw new RegistryError({
          code: "Unavailable",
          message: "Cannot open: busy",
          hint: "Wait.",
          retry: "later",
        });
      }
      if (ref.startsWith("b")) throw new TypeError("fetch failed");
      return await from.open(ref);
    },
  };
  const { copied, failures } = await mirrorRegistry(troubled, to);
  assertEquals([copied, failures.map(({ name, error }) => [name, error.code])], [2, [[
    "b",
    "TaskFailed",
  ]]]);
  assert(failures[0].error.cause instanceof TypeError);

  const lying = {
    ...withoutStore(from),
    info: from.info,
    async open(ref: string): Promise<Artifact> {
      if (!ref.startsWith("b")) return await from.open(ref);
      throw new RegistryError({
        code: "Corrupt",
        message: "Cannot read: damaged",
        hint: "Restore it.",
      });
    },
  };
  const back = await mirrorRegistry(to, lying, { verify: true });
  assertEquals(back.failures, []);
  await to.save("b", noise(300_000));
  const checked = await mirrorRegistry(to, lying, { verify: true });
  assertEquals(checked.failures.map(({ name, error }) => [name, error.code]), [["b", "Corrupt"]]);
});

Deno.test("an abort ends a mirror without a store", async () => {
  const from = await openRegistry("memory:"), to = await openRegistry("memory:");
  await fill(from);
  const stop = new AbortController();
  const reason = new Error("enough");
  const mirrored = mirrorRegistry(withoutStore(from), to, {
    concurrency: 1,
    signal: stop.signal,
    onItem: () => stop.abort(reason),
  });
  assertEquals(await mirrored.catch((error) => error), reason);
});

Deno.test("a mirror replaces no value that another program saves meanwhile", async () => {
  const settings = { versioned: false, mutable: true };
  const from = await openRegistry("memory:", settings);
  const there = await openRegistry("memory:", settings);
  await from.save("data", "mirrored");
  const to = withoutStore(there);
  const save = to.save.bind(to);
  const late: Registry["save"] = async (...given: Parameters<typeof save>) => {
    await there.save("data", "saved meanwhile");
    return await save(...given);
  };
  Object.defineProperty(to, "save", { value: late });
  const report = await mirrorRegistry(withoutStore(from), to);
  assertEquals([await there.load("data"), report.copied], ["saved meanwhile", 0]);
});
