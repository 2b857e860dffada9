// Damaged and hostile files that are stored by values, and stores that fail.
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Backend } from "../../../../core/backend.ts";
import type { StoredBase, StoredFile, VersionRecord } from "../../../../core/record.ts";
import type { TransferProgress } from "../../../../core/registry.ts";
import { isRegistryError, openRegistry } from "../../../../mod.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { createSha256, sha256 } from "../../../../core/bytes/digest.ts";
import { encodeGroups } from "../../../../registry/payload/weights/groups.ts";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { prune } from "../../../../extensions/maintenance/pruning/mod.ts";
import { openFile } from "../../../../registry/mod.ts";
import { decodeRecord, encodeRecord } from "../../../../registry/format/record_codec.ts";
import { allParts } from "../../../../registry/cell/objects.ts";
import { headOf, MIB, storeOf } from "../shared_bytes.ts";
import { rejected } from "../../rejected.ts";
import { keysOf } from "../../registries.ts";
import { AS, loaded, model, PATH, saveStates, statesOf, step, VALUES } from "./training.ts";
import { safetensors } from "./weights.ts";

const [NEXT, ...BEFORE] = statesOf(9).reverse(), STATES = BEFORE.reverse();

/** The digest of nothing. */
const NONE = createSha256().bytes();

/** Opens a registry with some states: the last one is made from three others. */
async function opened(kind: "memory" | "far" = "memory", states = STATES) {
  const store = storeOf(kind);
  const registry = await openRegistry(store, { cache: false });
  await saveStates(registry, states);
  const { files: [file] } = await headOf(store);
  return { store, registry, file: file! };
}

/** Returns the bases of a file, the one that it is made from first. */
function basesOf({ values }: Pick<StoredFile, "values">): StoredBase[] {
  return values?.base ? [values.base, ...basesOf(values.base)] : [];
}

async function flip(store: Backend, key: string, at: number): Promise<void> {
  const bytes = await (await store.get(key))!.bytes();
  bytes[at]! ^= 64;
  await store.put(key, bytes);
}

Deno.test("a failure of the store while values are read, and an abort, are not damage", async () => {
  const { store, registry } = await opened("far"), failure = new TypeError("socket closed");
  const get = store.get.bind(store);
  for (const gets of [0, 1, 2, 3, 4, 5]) {
    for (const isAborted of [true, false]) {
      const leaving = new AbortController(), { signal } = leaving;
      const file = await openFile(registry, "a@8", { path: PATH, signal });
      let left = gets;
      store.get = async (key, options) => {
        if (key.startsWith("objects/") && left-- <= 0) {
          if (!isAborted) throw failure;
          leaving.abort(failure);
          options?.signal?.throwIfAborted();
        }
        return await get(key, options);
      };
      const error = await assertRejects(() => Array.fromAsync(file.stream()));
      assert(!isRegistryError(error, "Corrupt"), `${gets}: ${error}`);
      store.get = get;
    }
  }
});

for (const kind of ["memory", "far"] as const) {
  Deno.test(`an error names the damaged object of a base, and the next save avoids it (${kind})`, async () => {
    const { length } = basesOf((await opened(kind)).file);
    assertEquals(length, 3);
    for (let depth = 0; depth < length; depth++) {
      const { store, registry, file } = await opened(kind);
      const base = basesOf(file)[depth]!, key = `objects/a/${base.parts[0]!.from}/0`;
      await flip(store, key, Math.floor(base.parts[0]!.size / 2));
      for (const version of ["8", "8"]) {
        const error = await rejected("Corrupt", registry.load(`a@${version}`, AS));
        assertEquals(error.key, key);
      }
      const range = { offset: 0, length: STATES[7]!.length };
      const one = await openFile(registry, "a@8", { path: PATH });
      assertEquals((await rejected("Corrupt", Array.fromAsync(one.stream(range)))).key, key);
      const { problems } = await verifyRegistry(registry);
      assert(problems.some(({ key: named }) => named === key), JSON.stringify(problems));
      await registry.save("a", { [PATH]: NEXT }, VALUES);
      assertEquals(await loaded(registry, "a@9"), NEXT);
      await store.delete(key);
      assertEquals((await rejected("Corrupt", registry.load("a@8", AS))).key, key);
      assertEquals(await loaded(registry, "a@9"), NEXT);
    }
  });
}

Deno.test("a repair from a copy of the store restores values, and what they are made from", async () => {
  const { store, registry, file } = await opened();
  const copy = storeOf("memory");
  for (const key of await keysOf(store)) await copy.put(key, await (await store.get(key))!.bytes());
  const from = await openRegistry(copy, { cache: false });
  const parts = allParts(file).map(({ from, object, offset = 0, size }) => ({
    key: (key: string) => from === undefined ? key : `objects/a/${from}/${object}`,
    at: offset + Math.floor(size / 2),
  }));
  const { commit } = await headOf(store);
  const own = (await keysOf(store, "objects/a/")).find((key) => key.includes(commit))!;
  for (const { key, at } of parts) {
    for (const damage of [() => flip(store, key(own), at), () => store.delete(key(own))]) {
      await damage();
      const { problems, repaired } = await verifyRegistry(registry, { repairFrom: from });
      assertEquals([problems, repaired!.length > 0], [[], true], key(own));
      assertEquals((await verifyRegistry(registry)).problems, []);
      assertEquals(await loaded(registry, "a@8"), STATES[7]);
    }
  }
});

for (const damage of ["damaged", "lost"] as const) {
  Deno.test(`a ${damage} base is a problem of every version that needs it`, async () => {
    const { store, registry, file } = await opened();
    const last = basesOf(file).at(-1)!, part = last.parts[0]!;
    const key = `objects/a/${part.from}/${part.object}`;
    if (damage === "lost") await store.delete(key);
    else await flip(store, key, Math.floor(part.size / 2));
    const { problems } = await verifyRegistry(registry);
    const unreadable = [];
    for (let version = 1; version <= 8; version++) {
      const isRead = await registry.load(`a@${version}`, AS).then(() => true, () => false);
      if (!isRead) unreadable.push(`a@${version}.0.0`);
    }
    assert(unreadable.length > 4);
    assertEquals([...new Set(problems.map(({ ref }) => ref))].toSorted(), unreadable);
    assert(problems.every((problem) => problem.key === key), JSON.stringify(problems));
  });
}

Deno.test("a save that finds its base damaged late does not count bytes twice", async () => {
  const store = storeOf("memory"), registry = await openRegistry(store, { cache: false });
  const first = model(1, 36), next = safetensors(step(first, 2));
  await registry.save("a", { [PATH]: safetensors(first) }, { ...AS, share: "none" });
  const { commit } = await headOf(store);
  const key = (await keysOf(store, "objects/a/")).find((key) => key.endsWith(`${commit}/0`))!;
  await flip(store, key, 23.5 * MIB); // in no sample
  const seen: number[] = [], onProgress = ({ bytes }: TransferProgress) => void seen.push(bytes);
  await registry.save("a", { [PATH]: next }, { ...VALUES, onProgress });
  assertEquals((await headOf(store)).files[0]!.encoding, undefined);
  assert(seen.some((bytes) => bytes > 15 * MIB && bytes < 24 * MIB), String(seen));
  assertEquals([seen.at(-1), Math.max(...seen)], [next.length, next.length]);
  assertEquals(await loaded(registry, "a@2"), next);
});

/** Rewrites the head as a hostile program would. */
async function rewrite(store: Backend, change: (record: VersionRecord) => void): Promise<void> {
  const [key] = await keysOf(store, "names/a/versions/");
  const { record, inline } = decodeRecord(await (await store.get(key!))!.bytes(), key!);
  change(record as VersionRecord);
  await store.put(key!, encodeRecord(record, [inline]));
}

const values = (record: VersionRecord) => record.files[0]!.values!;

/** Changes of a record that make it damaged. */
const LIES: Record<string, (record: VersionRecord) => void> = {
  "another format": (record) => record.format = "holdfast/1",
  "no groups": (record) => delete (values(record) as { groups?: unknown }).groups,
  "a list without digest": (record) => delete (values(record).groups as { sha256?: string }).sha256,
  "values without their encoding": (record) => delete record.files[0]!.encoding,
  "an encoding without values": (record) => delete record.files[0]!.values,
  "a base of another encoding": (record) => values(record).base!.encoding = "gzip",
  "a base without its place": (record) => delete values(record).base!.parts[0]!.from,
  "a base outside of its name": (record) => values(record).base!.parts[0]!.from = "../other/0",
  "a base that is too large": (record) => values(record).base!.size = 2 ** 60,
  "a step of 0": (record) => values(record).step = 0,
  "a chain that is too long": (record) => {
    let last = values(record);
    const link = structuredClone(last.base!);
    link.values ??= structuredClone(last);
    delete link.values.base;
    link.encoding = "values";
    for (let i = 0; i < 9; i++) {
      last.base = structuredClone(link);
      last = last.base.values!;
    }
  },
};

for (const [lie, change] of Object.entries(LIES)) {
  Deno.test(`a record is damaged: ${lie}`, async () => {
    const { store, registry } = await opened("memory", STATES.slice(0, 3));
    await rewrite(store, change);
    await rejected("Corrupt", registry.load("a@3", AS));
    const { failures } = await collectGarbage(registry, { now: true });
    assertEquals(failures.length, 1, "it may need anything, so all stays");
    assertEquals(await loaded(registry, "a@2"), STATES[1]);
  });
}

/** Changes of the list of groups that its record agrees with. */
const LISTS: Record<string, (list: DataView, record: VersionRecord) => Uint8Array | void> = {
  "a group outside of its base": (list) => list.setBigUint64(8, 2n ** 62n, true),
  "a group of 4 GiB": (list) => list.setUint32(0, 2 ** 32 - 1, true),
  "an empty group": (list) => list.setUint32(0, 0, true),
  "elements of 3 bytes": (list) => list.setUint8(4, 3),
  "an unknown flag": (list) => list.setUint8(5, 2),
  "another place of its bytes": (list) => list.setUint32(48, list.getUint32(48, true) + 1, true),
  "half a group": (list) => new Uint8Array(list.buffer, list.byteOffset, list.byteLength - 4),
  "nothing": () => new Uint8Array(),
  "a list of 64 MiB": (_, record) => void (values(record).groups.size = 64 * 2 ** 20),
};

for (const [lie, change] of Object.entries(LISTS)) {
  Deno.test(`a list of groups is damaged: ${lie}`, async () => {
    const { store, registry, file } = await opened("memory", STATES.slice(0, 3));
    const { object, offset, size, from } = file.values!.groups;
    const { commit } = await headOf(store);
    const key = (await keysOf(store, "objects/a/")).find((some) =>
      some.endsWith(`${from ?? commit}/${object}`)
    )!;
    const bytes = await (await store.get(key))!.bytes(), list = bytes.slice(offset, offset! + size);
    let record!: VersionRecord;
    await rewrite(store, (head) => {
      record = head;
      const next = change(new DataView(list.buffer), head) ?? list;
      if (values(head).groups.size === size) values(head).groups.size = next.length;
      values(head).groups.sha256 = sha256(next);
      bytes.set(next, offset);
    });
    await store.put(key, bytes);
    const error = await rejected("Corrupt", registry.load("a@3", AS));
    assertStringIncludes(error.message, "its list of groups is damaged");
    assertEquals([error.key, record.files.length], [key, 1]);
    assertEquals(await loaded(registry, "a@2"), STATES[1]);
  });
}

Deno.test("a chain that takes hours to decode is refused", async () => {
  const { store, registry } = await opened("memory", STATES.slice(0, 1));
  // groups of zeros, each in the middle of two of the file below; those of the topmost file jump
  const most = 4 * MIB,
    file = (length: number, places: number[]) => ({
      size: length * places.length,
      list: encodeGroups(
        places.map((base) => ({ length, width: 1, base, planes: [0], digest: NONE })),
      ),
    });
  const below = Array.from({ length: 7 }, () => {
    return file(most, Array.from({ length: 8 }, (_, i) => most * ((3 * i) % 7) + most / 2));
  });
  const top = file(1, Array.from({ length: 50_000 }, (_, i) => most * ((3 * i) % 8) + 5));
  const from = (await headOf(store)).commit;
  const place = (await keysOf(store, "objects/a/"))[0]!.split("/").slice(2, 4).join("/");
  assert(place.endsWith(from));
  let base: StoredBase = { size: 8 * most, sha256: "0".repeat(64), parts: [] };
  base.parts = [{ object: 90, size: 8 * most, from: place }];
  await store.put(`objects/a/${place}/90`, new Uint8Array(8 * most));
  for (const [i, { size, list }] of [...below, top].entries()) {
    const object = 91 + i,
      groups = { object, size: list.length, sha256: sha256(list), from: place };
    await store.put(`objects/a/${place}/${object}`, list);
    const values = { groups, base, step: 1 };
    base = { size, sha256: "0".repeat(64), encoding: "values", parts: [], values };
  }
  await rewrite(store, (record) => {
    Object.assign(record.files[0]!, { ...base, chunks: undefined });
    record.size = base.size;
  });
  const error = await rejected("Corrupt", registry.load("a@1", AS));
  assertStringIncludes(String(error.cause), "decode to more than 1 GiB");
});

Deno.test("an earlier program keeps what values need: it refuses what it cannot read", async () => {
  const { store, registry } = await opened();
  for (let version = 1; version < 8; version++) await registry.delete(`a@${version}`);
  assertEquals((await collectGarbage(registry, { now: true })).failures, []);
  const needed = await keysOf(store, "objects/");
  assertEquals(new Set(allParts((await headOf(store)).files[0]!).map(({ from }) => from)).size, 4);
  const keys = await keysOf(store, "names/a/versions/"), [key] = keys;
  const bytes = await (await store.get(key!))!.bytes();
  await rewrite(store, (record) => record.format = "holdfast/1-later");
  // as this program treats a later format, so an earlier one treats this format
  const earlier = await openRegistry(store, { cache: false });
  await rejected("Unsupported", earlier.load("a@8", AS));
  await rejected("Unsupported", earlier.copy("a@8", "b"));
  await earlier.save("a", { [PATH]: STATES[7] }, AS);
  await prune(earlier, { keepLast: 1 });
  assertEquals((await collectGarbage(earlier, { now: true })).failures.length, 1);
  await registry.delete("a@9");
  assertEquals((await collectGarbage(earlier, { now: true })).failures.length, 1);
  const kept = new Set(await keysOf(store, "objects/"));
  assertEquals(needed.filter((key) => !kept.has(key)), []);
  await store.put(key!, bytes);
  assertEquals(await loaded(registry, "a@8"), STATES[7]);
});
