import { assert, assertEquals } from "@std/assert";
import { utimes } from "node:fs/promises";
import {
  createMemoryBackend,
  openRegistry,
  type Registry,
  type VersionsOptions,
} from "../../../../mod.ts";
import {
  importMindtrace,
  openMindtrace,
} from "../../../../extensions/neighbors/mindtrace/mindtrace.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import type { NDArray } from "../../../../materializers/mod.ts";
import {
  type FixtureObject,
  MODES,
  RELEASES,
  unpackFixture,
} from "../../../support/mindtrace_fixtures.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { testInRoot } from "../../../support/temp_root.ts";

const ORIGIN = "mindtrace/origin";
const KEPT = "Holdfast does not know NestedFiles";
const IDS: Record<string, string> = {
  ...{ str: "text", bytes: "bytes", numpy: "ndarray", file: "file", folder: "folder" },
  nested: "folder",
};

/** The oldest and the newest release, all in `test:all`. */
const TRIED = RELEASES.filter((_, i) => !IS_QUICK || i === 0 || i === RELEASES.length - 1);

for (const release of TRIED) {
  for (const mode of MODES) {
    testInRoot(
      `every object of a ${mode} registry of mindtrace ${release} reads exactly`,
      async (root) => {
        const { [mode]: objects } = await unpackFixture(release, root.path);
        await using registry = await openMindtrace(root.join(mode));
        await assertExact(registry, objects);
      },
    );

    testInRoot(
      `a ${mode} registry of mindtrace ${release} is imported exactly, and once`,
      async (root) => {
        const { [mode]: objects } = await unpackFixture(release, root.path);
        const at = new Date("2026-03-04T05:06:07.000Z");
        for (const { meta_file } of objects) await utimes(root.join(mode, meta_file), at, at);
        await using registry = await openRegistry(createMemoryBackend());
        const report = await importMindtrace(root.join(mode), registry);
        assertEquals(report.failures, []);
        assertEquals([report.imported, report.skipped], [objects.length, 0]);
        assertEquals(report.kept, [{ name: "nested-files", version: "1.0.0", reason: KEPT }]);
        await assertExact(registry, objects);
        for (const object of objects) {
          const info = await registry.info(refOf(object));
          assertEquals(info.createdAt, at);
          assert(info.origin !== undefined);
        }
        const again = await importMindtrace(root.join(mode), registry);
        assertEquals([again.imported, again.skipped, again.bytes], [0, objects.length, 0]);
        assertEquals(again.kept, report.kept);
      },
    );
  }
}

// SHA-256 of the sorted lines `NAME VERSION MATERIALIZER DIGEST`. A value has one digest, whichever release wrote it:
// only the numbers of automatic versions differ, 1 and 2 in 0.9, 1.0.0 and 1.0.1 later.
const DIGESTS: Record<string, string> = {
  "0.9.0 versioned": "2813750aae93355df7f673333518f06ee38a92e5ac4303f2aad240c9582c4bb6",
  "0.9.0 unversioned": "da895d8c86707ee08a8c63d82ee2161ce0fe622d75fda13a39f128eafafdcfd3",
  "0.12.0 versioned": "f8f83ca0c7c807f61115fdab5dc76d44ef19141bceabe3d0a44a20f2495c3dfe",
  "0.12.0 unversioned": "da895d8c86707ee08a8c63d82ee2161ce0fe622d75fda13a39f128eafafdcfd3",
  "0.16.0 versioned": "f8f83ca0c7c807f61115fdab5dc76d44ef19141bceabe3d0a44a20f2495c3dfe",
  "0.16.0 unversioned": "da895d8c86707ee08a8c63d82ee2161ce0fe622d75fda13a39f128eafafdcfd3",
};

for (const release of TRIED) {
  testInRoot(`the objects of mindtrace ${release} have the known digests`, async (root) => {
    await unpackFixture(release, root.path);
    for (const mode of MODES) {
      await using registry = await openMindtrace(root.join(mode));
      const lines: string[] = [];
      for await (const name of registry.names()) {
        for await (const { info } of registry.versions(name, { details: true })) {
          lines.push(`${name} ${info!.version} ${info!.materializer.id} ${info!.digest}\n`);
        }
      }
      assertEquals(sha256(lines.sort().join("")), DIGESTS[`${release} ${mode}`]);
    }
  });
}

testInRoot("versions of mindtrace are listed in pages", async (root) => {
  await unpackFixture("0.16.0", root.path);
  await using registry = await openMindtrace(root.join("versioned"));
  const versionsOf = async (options?: VersionsOptions) =>
    (await Array.fromAsync(registry.versions("number", options))).map(({ version }) => version);
  const all = await versionsOf();
  assert(all.length > 1);
  for (const [at, after] of all.entries()) {
    assertEquals(await versionsOf({ after }), all.slice(at + 1));
    assertEquals(await versionsOf({ after, limit: 1 }), all.slice(at + 1, at + 2));
  }
  assertEquals(await versionsOf({ after: "99.0.0", range: all.at(-1) }), all.slice(-1));
});

async function assertExact(registry: Registry, objects: readonly FixtureObject[]): Promise<void> {
  const names = await Array.fromAsync(registry.names());
  assertEquals(new Set(names), new Set(objects.map(({ name }) => name)));
  let count = 0;
  for (const name of names) {
    count += (await Array.fromAsync(registry.versions(name))).length;
  }
  assertEquals(count, objects.length);
  for (const object of objects) await assertObject(registry, object);
}

/** `1` of mindtrace is `1.0.0`. */
function refOf({ name, version }: FixtureObject): string {
  return `${name}@${[...version.split("."), "0", "0"].slice(0, 3).join(".")}`;
}

async function assertObject(registry: Registry, object: FixtureObject): Promise<void> {
  const ref = refOf(object);
  const artifact = await registry.open(ref);
  const { [ORIGIN]: origin, ...metadata } = artifact.info.metadata as Record<string, unknown>;
  const name = object.file_name ?? object.folder_name;
  assertEquals(metadata, object.metadata ?? {}, ref);
  assertEquals(origin, {
    class: object.class,
    materializer: object.materializer,
    hash: object.hash,
    version: object.version,
    ...(name !== undefined && { path: name }),
    ...(object.kind === "nested" && { kept: KEPT }),
  });
  assertEquals(artifact.info.materializer.id, IDS[object.kind] ?? "json", ref);
  const digests: Record<string, string> = {};
  for (const file of artifact.files()) {
    if (file.info.mode === "folder") continue;
    const bytes = await file.bytes();
    assertEquals([file.info.size, file.info.sha256], [bytes.byteLength, sha256(bytes)], ref);
    digests[file.info.path] = sha256(bytes);
  }
  const stored = Object.fromEntries(
    Object.entries(object.files).map(([path, { sha256 }]) => [path, sha256]),
  );
  if (object.kind === "nested") return assertEquals(digests, stored, ref);
  if (object.kind === "folder") return assertEquals(digests, object.tree, ref);
  if (object.kind === "file") return assertEquals(digests, { [name!]: object.sha256 }, ref);
  const value = await registry.load(ref);
  if (object.kind === "bytes") return assertEquals(sha256(value as Uint8Array), object.sha256, ref);
  if (object.kind === "numpy") {
    const { data, shape } = value as NDArray;
    const expected = [object.value].flat(Infinity).map(String);
    assertEquals([shape, Array.from(data as Float32Array, String)], [object.shape, expected], ref);
    return assertEquals(digests, { "array.npy": stored["data.npy"] }, ref);
  }
  assertEquals(plain(value), object.value, ref);
}

/** A value as the manifest writes it. */
function plain(value: unknown): unknown {
  if (value instanceof Set) return [...value].sort();
  return typeof value === "bigint" ? { bigint: String(value) } : value;
}
