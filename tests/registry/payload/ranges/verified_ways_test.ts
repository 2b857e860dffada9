// Each way to read a file refuses its damage, in each way to store it.
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { createLocalBackend } from "../../../../backends/local.ts";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import type { ArtifactFile, FilePiece } from "../../../../core/artifact.ts";
import type { Backend } from "../../../../core/backend.ts";
import { concatBytes } from "../../../../core/bytes/bytes.ts";
import { sha256 } from "../../../../core/bytes/digest.ts";
import type { Encoding } from "../../../../core/record.ts";
import type { StoredRegistry } from "../../../../core/registry.ts";
import { openRegistry } from "../../../../mod.ts";
import { fileKey } from "../../../../registry/cache/entries.ts";
import { verifyRegistry } from "../../../../apps/maintenance.ts";
import { knownContext } from "../../../../registry/operations/context.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";
import { fileSet } from "../../protocol_world.ts";
import { keysOf, noise } from "../../registries.ts";
import { rejected } from "../../rejected.ts";
import { type RangedFile, type StoredPlace, storedPlaces } from "./ranged_versions.ts";
import { edited, MIB, storeOf } from "../shared_bytes.ts";
import { kindsOfShare } from "../../../support/seeds.ts";

const LARGE = noise(5 * MIB + 4_321, 5);
/** Large enough for pieces. */
const PIECED = noise(17 * MIB, 6);

/** Saves files in records, packs, objects and parts, some with shared chunks or compressed. */
async function saveEach(registry: StoredRegistry): Promise<RangedFile[]> {
  const saved: RangedFile[] = [];
  const save = async (
    name: string,
    files: Record<string, Uint8Array>,
    compress?: Encoding,
  ) => {
    const { version } = await registry.save(name, files, { compress, as: fileSet });
    for (const [path, bytes] of Object.entries(files)) {
      saved.push({ ref: `${name}@${version}`, path, bytes });
    }
  };
  await save("inline", { a: noise(700), b: noise(900, 2) });
  await save("packed", { a: noise(90_000, 3), b: noise(200_000, 4) });
  await save("whole", { a: noise(2 * MIB + 17, 7) });
  await save("shared", { a: LARGE });
  await save("shared", { a: edited(LARGE, 2 * MIB, 200_000) });
  await save("pieced", { a: PIECED });
  const digits = (bytes: Uint8Array) =>
    new TextEncoder().encode(Buffer.from(bytes).toString("base64"));
  await save("gzip", { a: digits(noise(200_000, 8)) }, "gzip");
  await save("zstd", { a: digits(noise(9 * MIB, 9)) }, "zstd");
  const draft = await registry.openDraft("parts", { id: "run" });
  const bytes = edited(LARGE, 700, 9_000);
  await draft.addPart("p", [{ path: "a", content: new Blob([bytes as BlobPart]) }]);
  const { version } = await draft.commit();
  return [...saved, { ref: `parts@${version}`, path: "a", bytes }];
}

/** Returns the bytes of a file; undefined if it cannot be read like this. */
type Way = (
  file: ArtifactFile,
  context: { damagedAt: number; right: Uint8Array },
) => Promise<Uint8Array | undefined>;

async function passed(passTo: FilePiece["passTo"]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  await passTo((chunk) => void chunks.push(chunk.slice()));
  return concatBytes(chunks);
}

async function joined(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return concatBytes(await Array.fromAsync(stream));
}

const WAYS: Record<string, Way> = {
  bytes: (file) => file.bytes(),
  stream: (file) => joined(file.stream()),
  windows: (file) => joined(file.stream(undefined, { windowBytes: 300_000 })),
  range: (file) => joined(file.stream({ offset: 0, length: file.info.size })),
  "range in windows": (file) => joined(file.stream({ offset: 0 }, { windowBytes: 300_000 })),
  passTo: (file) => passed(file.passTo!),
  async pieces(file) {
    const pieces = await file.pieces?.();
    return pieces && concatBytes(await Promise.all(pieces.map(({ passTo }) => passed(passTo))));
  },
  async rebuild(file, { damagedAt, right }) {
    const [before, after] = [damagedAt - 100_000, damagedAt + 100_000];
    const copy = concatBytes([right.subarray(0, Math.max(before, 0)), right.subarray(after)]);
    const piece = await file.rebuild?.({
      size: copy.byteLength,
      async *chunks({ offset, length }) {
        yield await Promise.resolve(copy.slice(offset, offset + length));
      },
    });
    return piece && await passed(piece.passTo);
  },
};

/** Flips a byte in the middle of a place. Returns a function that puts the right one back. */
async function flip(backend: Backend, { key, offset, size }: StoredPlace) {
  const right = (await (await backend.get(key))!.bytes()).slice();
  const at = offset + (size >> 1);
  await backend.put(key, right.with(at, right[at]! ^ 1));
  return async () => void await backend.put(key, right);
}

/** Reads a file in each way. Returns the ways that were possible. */
async function readEach(
  registry: StoredRegistry,
  { ref, path, bytes }: RangedFile,
  { damagedAt, what }: { damagedAt?: number; what: string },
): Promise<string[]> {
  const possible: string[] = [];
  for (const [way, read] of Object.entries(WAYS)) {
    const file = (await registry.open(ref)).file(path);
    const context = { damagedAt: damagedAt ?? 0, right: bytes };
    const given = await read(file, context).catch((error) => error);
    if (given === undefined) continue;
    possible.push(way);
    if (damagedAt === undefined) {
      assert(given instanceof Uint8Array && Buffer.compare(given, bytes) === 0, `${way}: ${what}`);
    } else assertEquals(given.code, "Corrupt", `${way}: ${what}`);
  }
  return possible;
}

interface Store {
  create(root: TempRoot): Backend;
  cached?: boolean;
  /** Ways that are slower there, or that the cache would not see. */
  without?: string[];
}

async function play(root: TempRoot, { create, cached, without = [] }: Store): Promise<void> {
  const backend = create(root);
  const files = await saveEach(await openRegistry(backend, { cache: false }));
  const cache = createMemoryBackend();
  const registry = await openRegistry(backend, {
    cache: cached ? { backend: cache } : false,
  });
  const settle = async () => await knownContext(registry)!.cache?.close();
  const possible = new Set<string>();
  for (const file of files) {
    const what = `${file.path} of ${file.ref}`;
    for (const key of await keysOf(cache, "files/")) await cache.delete(key);
    const places = await storedPlaces(backend, file);
    const objects = Map.groupBy(places, ({ key }) => key);
    for (const [first] of objects.values()) {
      const undo = await flip(backend, first!);
      const damagedAt = first!.start + (first!.size >> 1);
      (await readEach(registry, file, { damagedAt, what })).forEach((way) => possible.add(way));
      await rejected("Corrupt", registry.download(file.ref, { to: root.join("to") }));
      const { ok } = await verifyRegistry(registry, { names: [file.ref] });
      assertEquals(ok, false, what);
      await undo();
    }
    await settle(); // nothing damaged is in the cache
    await readEach(registry, file, { what });
    await settle();
    const key = fileKey(sha256(file.bytes)), size = file.bytes.byteLength;
    if (await cache.head(key) === undefined) continue;
    for (const way of Object.keys(WAYS)) { // damage in the cache costs another read
      await (await registry.open(file.ref)).file(file.path).bytes();
      await settle();
      await flip(cache, { key, offset: 0, size, start: 0 });
      const opened = (await registry.open(file.ref)).file(file.path);
      const given = await WAYS[way]!(opened, { damagedAt: size >> 1, right: file.bytes });
      const isRight = given === undefined || Buffer.compare(given, file.bytes) === 0;
      assert(isRight, `${way}: ${what} in the cache`);
      await settle();
    }
  }
  assertEquals(
    [...possible].sort(),
    Object.keys(WAYS).filter((way) => !without.includes(way)).sort(),
  );
}

const memory = () => storeOf("memory");
const folder = (root: TempRoot) =>
  createLocalBackend({ path: root.join("registry"), durability: "os" });
const STORES: Record<string, Store> = {
  memory: { create: memory },
  "memory, cached": { create: memory, cached: true, without: ["pieces"] },
  folder: { create: folder, without: ["pieces", "rebuild"] },
  "folder, cached": { create: folder, cached: true, without: ["pieces", "rebuild"] },
  bucket: { create: () => storeOf("far") },
};

for (const [name, store] of kindsOfShare("ways", Object.entries(STORES))) {
  testInRoot(`no way to read a file gives out its damage (${name})`, (root) => play(root, store));
}
