// Versions with files of every layout, and bytes of their store that flip.
import type { Backend } from "../../../../core/backend.ts";
import type { VersionRecord } from "../../../../core/record.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { decodeRecord, encodeRecord } from "../../../../registry/format/record_codec.ts";
import type { Random } from "../../../simulate/random.ts";
import { fileSet } from "../../protocol_world.ts";
import { keysOf, noise } from "../../registries.ts";
import { edited, MIB } from "../shared_bytes.ts";

/** A file of a version, and what it must contain. */
export interface RangedFile {
  ref: string;
  path: string;
  bytes: Uint8Array;
}

/** A byte that changed, and ranges that had it. */
export interface Flip {
  key: string;
  ranges: (RangedFile & { offset: number; length: number })[];
  /** Puts the right byte back. */
  undo(): Promise<void>;
}

const LARGE = noise(9 * MIB + 4_321, 5);

/** Saves files in records, packs and objects; with lists of chunks of each kind, and without. */
export async function saveRanged(registry: StoredRegistry): Promise<RangedFile[]> {
  const saved: RangedFile[] = [];
  const save = async (
    name: string,
    files: Record<string, Uint8Array>,
    options: { share?: "files" } = {},
  ) => {
    const { version } = await registry.save(name, files, { ...options, as: fileSet });
    const ref = `${name}@${version}`;
    for (const [path, bytes] of Object.entries(files)) saved.push({ ref, path, bytes });
  };
  await save("inline", { a: noise(700), b: noise(900, 2) });
  await save("packed", { a: noise(90_000, 3), b: noise(200_000, 4) });
  await save("middle", { a: noise(2 * MIB + 17, 6) });
  await save("large", { a: LARGE });
  await save("large", { a: edited(LARGE, 4 * MIB, 200_000) });
  await save("other", { a: edited(LARGE, 7, 90) }, { share: "files" });
  await save("older", { a: edited(LARGE, 70, 900) });
  await withoutList(registry.backend, "older");
  const draft = await registry.openDraft("drafted", { id: "run" });
  const bytes = edited(LARGE, 700, 9_000);
  await draft.addPart("p", [{ path: "a", content: new Blob([bytes as BlobPart]) }]);
  const { version } = await draft.commit();
  return [...saved, { ref: `drafted@${version}`, path: "a", bytes }];
}

/** Removes the list of chunks from the record of the newest version. */
export async function withoutList(backend: Backend, name: string): Promise<void> {
  const [key] = await keysOf(backend, `names/${name}/versions/`);
  const { record } = decodeRecord(await (await backend.get(key!))!.bytes(), key!);
  const { files, ...rest } = record as VersionRecord;
  const unlisted = files.map(({ chunks: _, ...file }) => file);
  await backend.put(key!, encodeRecord({ ...rest, files: unlisted }));
}

/** Flips a byte of a stored object, and chooses ranges: some around it, and some of other files. */
export async function flip(
  { backend }: StoredRegistry,
  files: readonly RangedFile[],
  random: Random,
): Promise<Flip> {
  const records = await keysOf(backend, "names/");
  const payload = await keysOf(backend, "objects/");
  const key = random.pick(random.chance(0.25) ? records : payload);
  const right = (await (await backend.get(key))!.bytes()).slice();
  const at = random.int(right.byteLength);
  const ranges: Flip["ranges"] = [];
  const around = (file: RangedFile, place: number) => {
    const offset = Math.max(0, place - random.int(40_000));
    ranges.push({ ...file, offset, length: 1 + place - offset + random.int(40_000) });
  };
  for (const file of files) {
    for (const place of await placesOf(backend, file, { key, at })) around(file, place);
  }
  const other = random.pick(files);
  around(other, random.int(other.bytes.byteLength));
  await backend.put(key, right.with(at, right[at]! ^ (1 << random.int(8))));
  return { key, ranges, undo: async () => void await backend.put(key, right) };
}

/** Returns where a file has a byte of an object or a record. */
async function placesOf(
  backend: Backend,
  file: RangedFile,
  { key, at }: { key: string; at: number },
): Promise<number[]> {
  const places = await storedPlaces(backend, file);
  return places
    .filter((one) => one.key === key && at >= one.offset && at < one.offset + one.size)
    .map(({ start, offset }) => start + at - offset);
}

/** A range of an object or a record that has bytes of a file, from byte `start` on. */
export interface StoredPlace {
  key: string;
  offset: number;
  size: number;
  start: number;
}

/** Returns where a file is stored. */
export async function storedPlaces(
  backend: Backend,
  { ref, path }: Pick<RangedFile, "ref" | "path">,
): Promise<StoredPlace[]> {
  const [name, version] = ref.split("@");
  for (const recordKey of await keysOf(backend, `names/${name}/versions/`)) {
    const bytes = await (await backend.get(recordKey))!.bytes();
    const { record, inline } = decodeRecord(bytes, recordKey);
    const { commit, files, ...described } = record as VersionRecord;
    if (described.version !== version) continue;
    const file = files.find((file) => file.path === path)!;
    if (file.inline !== undefined) {
      const [first, size] = file.inline;
      const offset = bytes.byteLength - inline.byteLength + first;
      return [{ key: recordKey, offset, size, start: 0 }];
    }
    const [, , , , order] = recordKey.split("/");
    let start = 0;
    return file.parts!.map(({ object, offset = 0, size, from = file.from }) => {
      const key = `objects/${name}/${from ?? `${order}/${commit}`}/${object}`;
      start += size;
      return { key, offset, size, start: start - size };
    });
  }
  throw new Error(`no ${path} of ${ref}`);
}
