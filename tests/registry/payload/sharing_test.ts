import { assert, assertEquals } from "@std/assert";
import type { Backend } from "../../../core/backend.ts";
import type { FileSource } from "../../../core/materializer.ts";
import type { StoredFile } from "../../../core/record.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { createRandom } from "../../simulate/random.ts";
import { withVerbs } from "../../simulate/stores/with_verbs.ts";
import { seededRandom } from "../../support/scripted_system.ts";
import { IS_QUICK } from "../../support/seeds.ts";
import { fileSet, GRACE_MS, testProtocol } from "../protocol_world.ts";
import type { FileSet, ProtocolWorld } from "../protocol_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { busy, damaged, doing, nothing } from "../scripted_backend.ts";

const AS = { as: fileSet };
const UPLOAD = { verb: "put", key: /^objects/ } as const;
const CELL = "names/a/versions/";
const LARGE = noise(300_000);
const OTHER = noise(300_001, 2);

/** Returns the payload commit of each file of the newest version. */
async function places(
  world: ProtocolWorld,
  cell = CELL,
): Promise<Record<string, string | undefined>> {
  const { files } = await world.head(cell);
  return Object.fromEntries(files.map(({ path, from }: StoredFile) => [path, from?.split("/")[1]]));
}

/** Loads and compares every version. */
async function assertHolds(
  { registry }: ProtocolWorld,
  versions: Record<string, FileSet>,
): Promise<void> {
  for (const [ref, files] of Object.entries(versions)) {
    assertEquals(await registry.load(ref, AS_LOADED), files as object);
  }
  const { ok, problems } = await verifyRegistry(registry);
  assert(ok, JSON.stringify(problems));
}

const AS_LOADED = { as: fileSet };

testProtocol("a file of the latest version is not uploaded again", async (world) => {
  const { registry, backend } = world;
  const first = { large: LARGE, small: noise(70_000, 3) };
  const { commit } = await registry.save("a", first, AS);
  backend.forget();
  const second = { ...first, added: OTHER };
  await registry.save("a", second, AS);
  assertEquals(backend.asked(UPLOAD).length, 1);
  assertEquals(await places(world), { large: commit, small: commit, added: undefined });
  await assertHolds(world, { "a@1": first, "a@2": second });
});

testProtocol("a shared file stays in its first place", async (world) => {
  const { registry, advance, keys } = world;
  const { commit } = await registry.save("a", { large: LARGE, v: noise(300_000, 11) }, AS);
  for (let n = 2; n <= 6; n++) {
    await registry.save("a", { large: LARGE, v: noise(300_000, n * 11) }, AS);
    assertEquals((await places(world)).large, commit);
  }
  for (let n = 1; n <= 5; n++) {
    await registry.delete(`a@${n}`);
    advance(2 * GRACE_MS);
    assertEquals((await collectGarbage(registry)).failures, []);
    await assertHolds(world, { a: { large: LARGE, v: noise(300_000, 66) } });
  }
  // Files that share one object also share its folder.
  assertEquals(new Set((await keys("objects/")).map((key) => key.split("/")[3])).size, 2);
  await registry.delete("a@6");
  advance(2 * GRACE_MS);
  await collectGarbage(registry);
  assertEquals(await keys("objects/"), []);
});

testProtocol("a base of another name is copied, never shared", async (world) => {
  const { registry, advance } = world;
  await registry.save("a", { large: LARGE }, AS);
  await registry.save("b", { large: LARGE }, { ...AS, base: "a" });
  assertEquals(await places(world, "names/b/versions/"), { large: undefined });
  await registry.delete("a", { allVersions: true });
  advance(2 * GRACE_MS);
  await collectGarbage(registry);
  await assertHolds(world, { b: { large: LARGE } });
});

testProtocol("copy() shares within a name and copies to another", async (world) => {
  const { registry, advance, backend } = world;
  const first = await registry.save("a", { large: LARGE, small: noise(1000) }, AS);
  backend.forget();
  await registry.copy("a@1", "a@5");
  assertEquals(backend.asked(UPLOAD).length, 0);
  assertEquals(await places(world), { large: first.commit, small: first.commit });
  await registry.copy("a@5", "b");
  await registry.delete("a", { allVersions: true });
  advance(2 * GRACE_MS);
  await collectGarbage(registry);
  await assertHolds(world, { b: { large: LARGE, small: noise(1000) } });
});

testProtocol("overwriting shares unchanged files", { mutable: true }, async (world) => {
  const { registry, advance, backend } = world;
  const overwrite = { ...AS, version: "1", onConflict: "overwrite" } as const;
  const { commit } = await registry.save("a", { large: LARGE, v: noise(300_000, 5) }, overwrite);
  backend.forget();
  for (let n = 0; n < 4; n++) {
    await registry.save("a", { large: LARGE, v: noise(300_000, 50 + n) }, overwrite);
    assertEquals((await places(world)).large, commit);
    advance(2 * GRACE_MS);
    await collectGarbage(registry);
    await assertHolds(world, { a: { large: LARGE, v: noise(300_000, 50 + n) } });
  }
  assertEquals(backend.asked(UPLOAD).length, 4);
});

testProtocol("a damaged latest version does not affect the next save", async (world) => {
  const { registry, backend, warnings } = world;
  await registry.save("a", { large: LARGE }, AS);
  backend.answer({ verb: "get", key: /versions/ }, damaged);
  const saved = await registry.save("a", { large: LARGE }, AS);
  assertEquals(saved.version, "2.0.0");
  assertEquals(await places(world), { large: undefined });
  assertEquals(warnings.length, 1);
  backend.answer({ verb: "get", key: /versions/ }, damaged);
  await rejected("Corrupt", registry.save("a", { large: LARGE }, { ...AS, base: "a@2" }));
});

testProtocol("a save fails if the store cannot read the base", async (world) => {
  const { registry, backend, keys } = world;
  await registry.save("a", { large: LARGE }, AS);
  const before = await keys();
  backend.answer({ verb: "get", key: /versions/ }, busy);
  await rejected("Unavailable", registry.save("a", { large: LARGE }, AS));
  assertEquals(await keys(), before);
});

testProtocol(
  "a base that vanishes during a save is found again",
  { mutable: true },
  async (world) => {
    const { registry, backend, open } = world;
    const rival = await open();
    await registry.save("a", { large: LARGE }, AS);
    const overtake = () =>
      rival.registry.save("a", { large: OTHER }, { ...AS, version: "1", onConflict: "overwrite" });
    backend.answer({ verb: "get", key: /versions/ }, doing(overtake, nothing));
    await registry.save("a", { large: LARGE }, AS);
    assertEquals(await places(world), { large: undefined });
    await assertHolds(world, { "a@1": { large: OTHER }, "a@2": { large: LARGE } });
  },
);

/** A source with other bytes at each read. */
function changing(...reads: Uint8Array[]): FileSource {
  let n = 0;
  return {
    size: reads[0].byteLength,
    stream: () =>
      new Blob([reads[Math.min(n++, reads.length - 1)] as Uint8Array<ArrayBuffer>]).stream(),
  };
}

testProtocol(
  "content that changes between digest and upload is a conflict",
  async ({ registry, keys }) => {
    await registry.save("a", { large: LARGE }, AS);
    const before = await keys();
    const one = noise(300_000, 5), two = noise(300_000, 6);
    await rejected("Conflict", registry.save("a", { large: changing(one, two) }, AS));
    assertEquals(await keys(), before);
    const saved = await registry.save("a", { large: changing(one, one) }, AS);
    assertEquals(await registry.load(`a@${saved.version}`, AS_LOADED), { large: one });
  },
);

testProtocol(
  "an array that changes during a save is a conflict, or saved as it was",
  async (world) => {
    const { registry, backend } = world;
    await registry.save("a", { large: LARGE }, AS);
    const mine = noise(300_000, 5);
    backend.answer({ verb: "put", key: /^objects/ }, doing(() => mine.fill(7)));
    await registry.save("a", { large: mine }, AS);
    await assertHolds(world, { a: { large: noise(300_000, 5) } });
    const small = noise(1000);
    backend.answer({ verb: "put", key: /^names/ }, doing(() => small.fill(7)));
    await registry.save("b", { small }, AS);
    await assertHolds(world, { b: { small: noise(1000) } });
  },
);

testProtocol("versions with added and removed files are whole", async (world) => {
  const { registry, advance } = world;
  const next = seededRandom(7);
  const random = (below: number) => Math.floor(next() * below);
  const versions: Record<string, Record<string, Uint8Array>> = {};
  let now: Record<string, Uint8Array> = {};
  for (let n = 1; n <= (IS_QUICK ? 12 : 25); n++) {
    now = { ...now };
    for (let change = 0; change < 3; change++) {
      const path = `${random(8)}`;
      if (random(4) === 0) delete now[path];
      else now[path] = noise([10, 70_000, 300_000][random(3)], random(6) + 1);
    }
    versions[`a@${n}`] = now;
    await registry.save("a", now, AS);
    if (random(3) > 0) continue;
    const gone = `a@${random(n) + 1}`;
    await registry.delete(gone);
    delete versions[gone];
    advance(2 * GRACE_MS);
    assertEquals((await collectGarbage(registry)).failures, []);
    await assertHolds(world, versions);
  }
});

testProtocol("an empty file whose object is lost is stored again", async (world) => {
  const { registry, backend } = world;
  const files = { empty: new Uint8Array(), full: noise(100_000) };
  await registry.save("a", files, AS);
  for (const key of await keysOf(backend, "objects/")) await backend.delete(key);
  await registry.save("a", files, AS);
  assertEquals(await registry.load("a@2", AS_LOADED), files);
  assertEquals(await places(world), { empty: undefined, full: undefined });
});

testProtocol("bytes of another name are copied inside a store that can", async (world) => {
  const { registry, backend, store, advance } = world;
  const copying = withVerbs(store, { random: createRandom(1) });
  const asked: string[] = [];
  const watched: Backend = {
    ...copying,
    get: (key, options) => {
      asked.push(`get ${key.split("/")[0]}`);
      return copying.get(key, options);
    },
    copy: (from, to, options) => {
      asked.push("copy");
      return copying.copy!(from, to, options);
    },
  };
  const other = await openRegistry(watched, { system: world.system });
  await registry.save("a", { large: LARGE, small: noise(100_000), tiny: noise(10) }, AS);
  backend.forget();
  const { addedBytes } = await other.copy("a", "b");
  assertEquals(asked.filter((call) => call === "copy").length, 2);
  assertEquals(asked.filter((call) => call === "get objects"), []);
  assert(addedBytes! > LARGE.byteLength + 100_000, "a copy inside a bucket takes space");
  asked.splice(0);
  await other.save("c", { same: LARGE, other: noise(100_000, 2) }, { ...AS, base: "a" });
  assertEquals(asked.filter((call) => call === "copy").length, 1);
  await registry.delete("a", { allVersions: true });
  advance(2 * GRACE_MS);
  await collectGarbage(registry);
  await assertHolds(world, {
    b: { large: LARGE, small: noise(100_000), tiny: noise(10) },
    c: { same: LARGE, other: noise(100_000, 2) },
  });
});

testProtocol("inline files and streams are not shared", async (world) => {
  const { registry, backend } = world;
  const files = { small: noise(1000), large: LARGE };
  await registry.save("a", { small: noise(1000) }, AS);
  await registry.save("a", files, AS);
  assertEquals(await places(world), { small: undefined, large: undefined });
  backend.forget();
  const large = new Blob([LARGE as Uint8Array<ArrayBuffer>]).stream();
  await registry.save("a", { ...files, large }, AS);
  assertEquals(backend.asked(UPLOAD).length, 1);
  assertEquals((await places(world)).large, undefined);
  await assertHolds(world, { "a@2": files, "a@3": files });
});

async function storedBytes({ store }: ProtocolWorld): Promise<number> {
  const objects = await Array.fromAsync(store.list("objects/")) as { size: number }[];
  return objects.reduce((sum, { size }) => sum + size, 0);
}

for (const [what, size] of [["small", 100_000], ["large", 700_000]] as const) {
  testProtocol(`equal ${what} files of a save are stored once`, async (world) => {
    const { registry } = world;
    const files = { a: noise(size), "b/c": noise(size), d: noise(size, 2), e: noise(size) };
    const { addedBytes } = await registry.save("x", files, AS);
    assertEquals(await storedBytes(world), 2 * size);
    assert(addedBytes! >= 2 * size && addedBytes! < 2 * size + 4000, `${addedBytes}`);
    assertEquals(await registry.load("x", { as: fileSet }), files as object);
    await registry.save("x", { ...files, f: noise(size) }, AS);
    assertEquals(await storedBytes(world), 2 * size);
  });

  testProtocol(`equal compressed ${what} files are stored once`, async (world) => {
    const { registry } = world;
    const files = {
      a: new Uint8Array(size).fill(7),
      b: new Uint8Array(size).fill(7),
      c: noise(size),
    };
    await registry.save("x", files, { ...AS, compress: "gzip" });
    assert(await storedBytes(world) < size + 5_000);
    assertEquals(await registry.load("x", { as: fileSet }), files as object);
  });
}
