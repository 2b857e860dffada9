// Operations of mindtrace and polystore on a disk, and the same here.
import { spawn } from "node:child_process";
import fs from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { createSha256, sha256 } from "../../../core/bytes/digest.ts";
import { realSystem } from "../../../core/system.ts";
import { createFileManager, createLocalFiles, createMemoryFiles } from "../../../files/mod.ts";
import { createPlate } from "../../../files/ome.ts";
import { createZarrFiles } from "../../../files/zarr.ts";
import { zarrStore } from "../../../formats/zarr.ts";
import { loadMany, localPath, openRegistry, type Registry, saveMany } from "../../../mod.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { type BenchSettings, type Group, type Measure, timed, type Timing } from "../measure.ts";
import { MIB, randomBytes, smallObject } from "../values.ts";

type Action = () => unknown;
/**
 * An operation of a peer, what is measured here once it is prepared, how theirs differs, and the least
 * that keeps the promise of ours.
 */
type Row = [
  name: string,
  prepare: () => Action | Promise<Action>,
  theirs?: string,
  floor?: [name: string, action: Action],
];

/** Starts a Python that measures a peer. */
async function startPeer(peer: string, folder: string, ...sizes: number[]) {
  const variable = `HOLDFAST_${peer.toUpperCase()}`;
  const home = realSystem.env(variable);
  if (home === undefined) throw new Error(`Cannot measure: set ${variable}, as peers.py says`);
  const program = join(REPOSITORY, "tests/bench/python/peers.py");
  const args = [program, peer, join(folder, peer), ...sizes.map(String)];
  const env = { HOME: folder, PYTHONPATH: join(home, "peers/0.16.0") };
  const child = spawn(join(home, "bin/python"), args, { env, stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => (await lines.next()).value ?? "";
  await next();
  const ask = async (name: string): Promise<Timing> => {
    child.stdin.write(`${name}\n`);
    return JSON.parse(await next());
  };
  return { ask, [Symbol.asyncDispose]: async () => void (child.stdin.end(), await next()) };
}

/** Copies a file, and computes its SHA-256. */
function copyChecked(from: string, to: string): void {
  const source = fs.openSync(from, "r"), target = fs.openSync(to, "wx");
  const memory = new Uint8Array(MIB), hash = createSha256();
  for (let count = 0; (count = fs.readSync(source, memory)) > 0;) {
    hash.update(memory.subarray(0, count));
    fs.writeSync(target, memory, 0, count);
  }
  for (const file of [source, target]) fs.closeSync(file);
  hash.digest();
}

/** Reads a file into new memory, which the system clears. */
function readNew(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(file.statSync().size);
  for (let at = 0; at < bytes.byteLength;) at += file.readSync(bytes.subarray(at, at + MIB)) ?? NaN;
  return bytes;
}

/** Differences that take time here. */
const PLAIN = "not atomic", UNSYNCED = "neither atomic nor synced", SHARED = "the caller's object";
/** Writes of theirs that were killed are listed, and exist, but cannot be loaded. */
const PARTIAL = "also of a partial write";

export async function createPeersGroup(
  { folder, operations: n, quick }: BenchSettings,
): Promise<Group> {
  await using opened = new AsyncDisposableStack();
  const mib = quick ? 8 : 64, root = join(folder, "ours"), large = join(folder, "large.bin");
  fs.mkdirSync(root);
  fs.writeFileSync(large, randomBytes(mib * MIB));
  let round = 0;
  const fresh = () => `new${round++}`;
  const names = Array.from({ length: n }, (_, i) => `name-${String(i).padStart(5, "0")}`);
  const values = names.map((_, i) => smallObject(i));
  const entries = names.map((name, i) => ({ name, value: values[i] }));
  const data = new Float64Array(mib << 17).map(() => Math.random());
  const array = { data, shape: [data.length], dtype: "float64" } as const;
  const each = (action: (name: string, i: number) => unknown) => async () => {
    for (const [i, name] of names.entries()) await action(name, i);
  };

  const open = (path: string) => openRegistry(join(root, path));
  const old = (action: (r: Registry) => Action) => async () => action(await open("stored"));
  const made = (action: (r: Registry) => Action) => async () => action(await open(fresh()));
  const kept = opened.use(await open("stored"));
  await saveMany(kept, [...entries, { name: "array", value: array }]);
  await kept.save("file", localPath(large));
  for (let i = 0; i < n; i++) await kept.save("many", 1, { version: `1.0.${i}` });
  for (let i = 0; i < 2; i++) await Array.fromAsync(kept.names());
  const load = (r: Registry) => each((name) => r.load(name));
  const download = (r: Registry) => r.download("file", { to: join(root, fresh()) });
  const below = (path: string) =>
    fs.readdirSync(join(root, "stored/names", path), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".rec"))
      .map((name) => join(root, "stored/names", path, name));
  const one = below("").filter((path) => path.includes("name-")), many = below("many");
  const readRecord = (path: string) => {
    const folder = fs.realpathSync.native(dirname(path));
    const bytes = fs.readFileSync(join(folder, fs.readdirSync(folder)[0]!));
    sha256(bytes);
    JSON.parse(bytes.subarray(0, bytes.indexOf(10)).toString());
  };
  const lookAtRecords = () => {
    for (const folder of new Set(many.map(dirname))) fs.readdirSync(folder);
    for (const path of many) Deno.lstatSync(path);
  };
  const lookAtNames = () => {
    for (const folder of new Set(one.map((path) => dirname(dirname(path))))) fs.readdirSync(folder);
    for (const path of one) if (!fs.existsSync(`${path}.newer`)) Deno.lstatSync(path);
  };
  const mindtrace: Row[] = [
    ["save", made((r) => each((name, i) => r.save(name, values[i]))), UNSYNCED],
    ["save a next version", made((r) => each((_, i) => r.save("one", values[i]))), UNSYNCED],
    ["save a batch", made((r) => () => saveMany(r, entries)), UNSYNCED],
    ["load", old(load)],
    ["load again", () => load(kept), "from a list up to 60 s old"],
    ["load a batch", old((r) => () => loadMany(r, names))],
    ["save a large array", made((r) => () => r.save("array", array)), UNSYNCED],
    ["load a large array", old((r) => () => r.load("array"))],
    ["save a large file", made((r) => () => r.save("file", localPath(large))), UNSYNCED],
    [
      "download a large file",
      old((r) => () => download(r)),
      "copied by the kernel",
      ["floor: read, SHA-256, write", () => copyChecked(large, join(root, fresh()))],
    ],
    [
      "list names",
      () => () => Array.fromAsync(kept.names()),
      PARTIAL,
      ["floor: list the folders, two calls for each name", lookAtNames],
    ],
    [
      "list versions",
      old((r) => () => Array.fromAsync(r.versions("many"))),
      PARTIAL,
      ["floor: list the folders, look at each record", lookAtRecords],
    ],
    ["info", old((r) => each((name) => r.info(`${name}@1.0.0`)))],
    [
      "has",
      old((r) => each((name) => r.has(`${name}@1.0.0`))),
      "true for a partial write",
      ["floor: list a folder, read and check its record", () => one.forEach(readRecord)],
    ],
    ["delete", async () => {
      const registry = await open(fresh());
      await saveMany(registry, entries);
      return each((name) => registry.delete(`${name}@1.0.0`));
    }, UNSYNCED],
  ];

  const files = opened.use(createLocalFiles({ root }));
  const zarr = opened.use(createZarrFiles({ files }));
  const manager = createFileManager({ disk: files, zarr, memory: createMemoryFiles() });
  const disk = await manager.on("disk");
  const data2d = { shape: [128, 128], dtype: "uint8" as const };
  const planes = names.map(() => ({
    data: randomBytes(1 << 14).map((byte) => byte & 15),
    ...data2d,
  }));
  const newPlate = (path: string) =>
    createPlate(zarrStore(files), path, { rows: 1, columns: 1, axes: ["z", "y", "x"] });
  const saves = (store: string, at = fresh()) =>
    each((name, i) => manager.save(`${at}/${name}.npy`, planes[i], { store }));
  const loads = (store: string) => each((name) => manager.load(`${store}/${name}.npy`, { store }));
  for (const store of ["memory", "disk", "zarr"]) await saves(store, store)();
  await disk.save("large.npy", array);
  const well = await newPlate("well");
  const image = await well.saveImages("A/1", 0, planes);
  const onDisk = join(root, "disk"), paths = names.map((name) => join(onDisk, `${name}.npy`));
  const lookAtFiles = () => {
    for (const { name } of Deno.readDirSync(onDisk)) Deno.lstatSync(join(onDisk, name));
  };
  const lookUnlinked = () => {
    for (const path of paths) Deno.lstatSync(path), fs.realpathSync.native(onDisk);
  };
  const polystore: Row[] = [
    ["disk: save", () => saves("disk"), PLAIN],
    ["disk: load", () => loads("disk")],
    [
      "disk: save a large array",
      () => () => disk.save(`${fresh()}.npy`, array),
      PLAIN,
      ["floor: writeFileSync of Deno", () => fs.writeFileSync(join(root, fresh()), data)],
    ],
    [
      "disk: load a large array",
      () => () => disk.load("large.npy"),
      "in huge pages",
      ["floor: read into new memory", () => readNew(join(root, "large.npy"))],
    ],
    [
      "disk: list files",
      () => () => disk.listFiles("disk"),
      PARTIAL,
      ["floor: list the folder, look at each file", lookAtFiles],
    ],
    [
      "disk: exists",
      () => each((name) => disk.exists(`disk/${name}.npy`)),
      "true for a partial write",
      ["floor: look at the file, check its folder for links", lookUnlinked],
    ],
    ["disk: delete", async () => {
      const at = fresh();
      await saves("disk", at)();
      return each((name) => disk.delete(`${at}/${name}.npy`));
    }, "through any link"],
    ["memory: save", () => saves("memory"), SHARED],
    ["memory: load", () => loads("memory"), SHARED],
    ["zarr: save", () => saves("zarr"), PLAIN],
    ["zarr: load", () => loads("zarr")],
    ["zarr: save a well", async () => {
      const plate = await newPlate(fresh());
      return () => plate.saveImages("A/1", 0, planes);
    }, PLAIN],
    ["zarr: load a well", () => () => image.levels[0]!.array.read([])],
    ["zarr: load a plane", () => () => well.readPlane("A/1", 0, { z: n - 1 })],
  ];

  const before = new Set(fs.readdirSync(root));
  const measure =
    (peer: string, ask: (name: string) => Promise<Timing>) =>
    ([name, prepare, theirs = "", least]: Row): Measure[] => {
      const isLarge = name.includes("large"), floor = `${peer}: ${name}`;
      const count = isLarge ? mib : name.endsWith("a plane") ? 1 : n, unit = isLarge ? "MiB" : "op";
      const run = async (action?: Action) => {
        const time = await timed(action ?? await prepare());
        const after = fs.readdirSync(root).filter((name) => !before.has(name));
        for (const name of after) fs.rmSync(join(root, name), { recursive: true });
        return time;
      };
      const columns = () => ({ "theirs is": theirs });
      const all = { count, unit } as const;
      return [
        { name: floor, ...all, run: () => ask(name), columns },
        ...least ? [{ name: least[0], ...all, run: () => run(least[1]) }] : [],
        { name, ...all, run: () => run(), floor, second: least?.[0] },
      ];
    };
  const measures: Measure[] = [];
  for (const [peer, rows] of Object.entries({ mindtrace, polystore })) {
    const { ask } = opened.use(await startPeer(peer, folder, n, mib));
    measures.push(...rows.flatMap(measure(peer, ask)));
  }
  const close = opened.move();
  return { measures, [Symbol.asyncDispose]: () => close.disposeAsync() };
}
