import { asMap } from "../../../../registry/contract/map.ts";
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import type { StoredFile, VersionRecord } from "../../../../core/record.ts";
import { decodeRecord } from "../../../../registry/format/record_codec.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { mirrorRegistry } from "../../../../extensions/mirrors/mod.ts";
import { noise } from "../../../registry/registries.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { rejected } from "../../../registry/rejected.ts";
import {
  assertMirrored,
  contents,
  counts,
  fill,
  testMirror,
  testMirrorOnEach,
} from "../mirror_world.ts";
import { aliasesOf } from "../../../conformance/registry/registry_case.ts";

testMirrorOnEach(
  "a mirror holds what its source holds, and can be read in depth",
  async ({ from, to }) => {
    const { live, dead } = await fill(from);
    const report = await mirrorRegistry(from, to, { verify: true });
    assertEquals(counts(report), {
      versions: live + dead,
      skipped: 0,
      copied: live,
      deleted: dead,
      aliases: 3,
      failures: 0,
    });
    assertEquals(report.names, 8);
    await assertMirrored(from, to);
    assertEquals(await to.load("inline@production"), { depth: 13 });
  },
);

testMirrorOnEach("a second run writes nothing", async ({ from, to }) => {
  const { live, dead } = await fill(from);
  await mirrorRegistry(from, to);
  const before = await everything(to);
  const report = await mirrorRegistry(from, to);
  assertEquals(counts(report), {
    versions: live + dead,
    skipped: live + dead,
    copied: 0,
    deleted: 0,
    aliases: 0,
    failures: 0,
  });
  assertEquals([report.files, report.bytes], [0, 0]);
  assertEquals(await everything(to), before);
});

async function everything({ backend }: StoredRegistry): Promise<unknown[]> {
  return await Array.fromAsync(backend.list(""));
}

/** The newest record of a name's only version. */
async function recordOf({ backend }: StoredRegistry, name: string): Promise<VersionRecord> {
  for await (const entry of backend.list(`names/${name}/versions/`)) {
    if (!("key" in entry)) continue;
    return decodeRecord(await (await backend.get(entry.key))!.bytes(), entry.key)
      .record as VersionRecord;
  }
  throw new Error(`no ${name}`);
}

testMirror(
  "a mirrored version has its date and origin, and a commit of its own",
  async ({ from, to }) => {
    const saved = await from.save("a", noise(100_000), { idempotencyKey: "once" });
    await mirrorRegistry(from, to);
    const info = await to.info("a");
    assertEquals(info.createdAt, saved.createdAt);
    assertEquals(info.origin, { registry: from.id, commit: saved.commit });
    assertNotEquals(info.commit, saved.commit);
    assertEquals(info.idempotencyKey, undefined);
    assertEquals(
      (await Array.fromAsync(to.versions("a", { details: true })))[0].info!.origin!.commit,
      saved.commit,
    );
    assertEquals((await from.info("a")).origin, undefined);
  },
);

testMirror("compressed bytes are moved as they are stored", async ({ from, to }) => {
  const values = {
    big: new Uint8Array(2_000_000).fill(7),
    small: new Uint8Array(100_000).fill(8),
    noise: noise(80_000),
  };
  await from.save("a", values, { compress: "zstd", as: fileSet });
  const report = await mirrorRegistry(from, to);
  const facts = (
    { path, encoding, sha256, parts = [] }: StoredFile,
  ) => [path, encoding, sha256, parts.map((part) => part.size), parts.map((part) => part.sha256)];
  const [source, mirror] = [await recordOf(from, "a"), await recordOf(to, "a")];
  assertEquals(mirror.files.map(facts), source.files.map(facts));
  assertEquals(report.files, 3);
  assert(report.bytes < 90_000, `${report.bytes}`);
  assertEquals(await to.load("a", { as: fileSet }), values as object);
});

testMirror(
  "no materializer need be known, and members of a later release survive",
  async ({ from, to, open }) => {
    const unknown = { ...fileSet, id: "acme/secret", formatVersion: 7 };
    await from.save("a", { x: noise(70_000) }, { as: unknown });
    const { backend } = from;
    for await (const entry of backend.list("names/a/versions/")) {
      if (!("key" in entry)) continue;
      const { record } = decodeRecord(await (await backend.get(entry.key))!.bytes(), entry.key);
      const { files } = record as VersionRecord;
      const later = {
        ...record,
        signature: { by: "x" },
        files: files.map((file) => ({ ...file, language: "en" })),
      };
      const { encodeRecord } = await import("../../../../registry/format/record_codec.ts");
      await backend.put(entry.key, encodeRecord(later));
    }
    await mirrorRegistry(await open("from"), to);
    const mirror: Record<string, unknown> = { ...await recordOf(to, "a") };
    assertEquals(mirror.signature, { by: "x" });
    assertEquals((mirror.files as Record<string, unknown>[])[0].language, "en");
    assertEquals((await to.info("a")).materializer, { id: "acme/secret", formatVersion: 7 });
  },
);

testMirror(
  "versions that share files share them in the mirror, also those that come later",
  async ({ from, to }) => {
    const large = noise(1_000_000);
    for (let n = 1; n <= 30; n++) {
      await from.save("a", { large, n: noise(70_000, n + 1) }, { as: fileSet });
    }
    await from.delete("a@1"); // the owner of what all others share
    const report = await mirrorRegistry(from, to);
    assertEquals([report.files, report.bytes], [30, 1_000_000 + 29 * 70_000]);
    await assertMirrored(from, to);
    await from.save("a", { large, n: noise(70_000, 99) }, { as: fileSet });
    assertEquals((await mirrorRegistry(from, to)).bytes, 70_000);
    await from.save("a", { large, n: noise(70_000, 98) }, {
      as: fileSet,
      version: "3.0.1",
    });
    assertEquals((await mirrorRegistry(from, to)).bytes, 70_000);
    await assertMirrored(from, to);
  },
);

testMirror("a base that the target has lost is not shared", async ({ from, to }) => {
  const large = noise(400_000);
  for (let n = 1; n <= 2; n++) {
    await from.save("a", { large, n: noise(70_000, n) }, { as: fileSet });
  }
  await mirrorRegistry(from, to);
  for await (const entry of to.backend.list("objects/a/")) {
    if ("key" in entry) await to.backend.delete(entry.key);
  }
  await from.save("a", { large, n: noise(70_000, 3) }, { as: fileSet });
  assertEquals((await mirrorRegistry(from, to)).bytes, 470_000);
  assertEquals(await to.load("a@3", { as: fileSet }), { large, n: noise(70_000, 3) } as object);
});

testMirror(
  "names, versions, aliases and deletions can be chosen, and names renamed",
  async ({ from, to }) => {
    for (const name of ["a", "ab", "b"]) for (let n = 1; n <= 3; n++) await from.save(name, n);
    await from.delete("a@2");
    await from.setAlias("a", "low", "1");
    await from.setAlias("a", "high", "3");
    const rename = (name: string) => `team/${name}`;
    const first = await mirrorRegistry(from, to, {
      prefix: "a",
      rename,
      range: "<3",
      deleted: false,
      aliases: false,
    });
    assertEquals(counts(first), {
      versions: 3,
      skipped: 0,
      copied: 3,
      deleted: 0,
      aliases: 0,
      failures: 0,
    });
    assertEquals(await Array.fromAsync(to.names()), ["team/a", "team/ab"]);
    const second = await mirrorRegistry(from, to, { names: ["a"], rename, range: "<3" });
    assertEquals(counts(second), {
      versions: 2,
      skipped: 1,
      copied: 0,
      deleted: 1,
      aliases: 1,
      failures: 0,
    });
    assertEquals(await aliasesOf(to, "team/a"), { low: "1.0.0" });
    await mirrorRegistry(from, to, { names: ["b"] });
    assertEquals(await to.load("b@2"), 2);
    assertEquals(
      (await rejected("NotFound", mirrorRegistry(from, to, { names: ["c"] }))).code,
      "NotFound",
    );
  },
);

testMirror(
  "an impossible mirror is refused before anything is written",
  async ({ from, to, open }) => {
    await from.save("a", 1);
    await from.save("b", 1);
    await rejected("Invalid", mirrorRegistry(from, to, { rename: () => "same" }));
    await rejected("Invalid", mirrorRegistry(from, to, { rename: (name) => `${name}@` }));
    await rejected("Invalid", mirrorRegistry(from, to, { concurrency: 0 }));
    await rejected("Invalid", mirrorRegistry(from, to, { names: "a" }));
    await rejected("Invalid", mirrorRegistry(from, to, { range: "not a range" }));
    await rejected("Denied", mirrorRegistry(from, await open("to", { readOnly: true })));
    assertEquals(await contents(to), {});
  },
);

testMirror(
  "registries that keep versions and those that do not are not mirrored to each other",
  async ({ from, to }) => {
    const { hint } = await rejected("Invalid", mirrorRegistry(from, to));
    assert(hint!.includes("versioned: false"));
  },
  { from: { versioned: false } },
);

testMirror("a dry run reports what it would do, and writes nothing", async ({ from, to, open }) => {
  const { live, dead } = await fill(from);
  const before = await everything(to);
  const closed = await open("to", { readOnly: true });
  const report = await mirrorRegistry(from, closed, { dryRun: true });
  assertEquals(counts(report), {
    versions: live + dead,
    skipped: 0,
    copied: live,
    deleted: dead,
    aliases: 3,
    failures: 0,
  });
  assertEquals(report.dryRun, true);
  assertEquals(await everything(to), before);
});

testMirror(
  "registries without versions are mirrored, and again when a value was replaced",
  async ({ from, to }) => {
    await asMap(from).set("a", noise(300_000));
    await asMap(from).set("b", "one");
    await mirrorRegistry(from, to);
    await assertMirrored(from, to);
    await asMap(from).set("b", "two");
    await from.delete("a", { allVersions: true });
    assertEquals(counts(await mirrorRegistry(from, to)), {
      versions: 2,
      skipped: 0,
      copied: 1,
      deleted: 1,
      aliases: 0,
      failures: 0,
    });
    await assertMirrored(from, to);
  },
  { versioned: false, mutable: true },
);

testMirror("each version and alias is announced, and how far the run is", async ({ from, to }) => {
  await from.save("a", noise(300_000));
  await from.save("a", 2);
  await from.delete("a@2");
  await from.setAlias("a", "stable", "1");
  const items: string[] = [];
  const progress: number[] = [];
  await mirrorRegistry(from, to, {
    rename: (name) => name.toUpperCase(),
    onItem: ({ target, version, alias, action }) =>
      void items.push(`${target}@${version ?? alias} ${action}`),
    onProgress: ({ bytes }) => void progress.push(bytes),
  });
  assertEquals(items.sort(), ["A@1.0.0 copied", "A@2.0.0 deleted", "A@stable copied"]);
  assertEquals([progress.at(-1), progress.toSorted((a, b) => a - b)], [300_000, progress]);
});
