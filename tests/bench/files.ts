// Files by path: planes one by one and in batches, and listings, on a disk and in a bucket some way
// off.
import fs from "node:fs";
import { join } from "node:path";
import type { NDArray } from "../../core/bytes/ndarray.ts";
import { createBucketFiles } from "../../files/bucket.ts";
import { createLocalFiles } from "../../files/local.ts";
import { createFileManager } from "../../files/mod.ts";
import type { Files } from "../../files/mod.ts";
import { createZarrFiles } from "../../files/zarr.ts";
import { createServerStore, placeOf } from "../servers/server_world.ts";
import { CERTIFICATES } from "../support/certificates/folder.ts";
import { startServer } from "../support/servers/mod.ts";
import { startDistance } from "./buckets/distance.ts";
import { timed } from "./measure.ts";
import type { BenchSettings, Group, Measure } from "./measure.ts";

const SIDE = 128;
const FLOORS = { save: "floor: write a file, rename it", load: "floor: read a file" };

/** Saves, loads and lists planes of 16 KiB in a folder. */
export async function createFilesGroup(
  { folder, quick, operations }: BenchSettings,
): Promise<Group> {
  const files = await createFileManager({ disk: createLocalFiles({ root: folder }) }).on("disk");
  const below = createLocalFiles({ root: join(folder, "zarr") });
  const zarr = await createFileManager({ zarr: createZarrFiles({ files: below }) }).on("zarr");
  const many = quick ? 1_000 : 10_000;
  fs.mkdirSync(join(folder, "many"));
  for (let i = 0; i < many; i++) fs.writeFileSync(join(folder, "many", `plane-${i}.npy`), "x");
  fs.mkdirSync(join(folder, "raw"));
  const bytes = new Uint8Array(SIDE * SIDE + 128);
  const raw = (i: number) => join(folder, "raw", `${i}.npy`);
  const repeat = (action: (i: number) => void) => () =>
    timed(() => {
      for (let i = 0; i < operations; i++) action(i);
    });
  return {
    measures: [
      ...planeMeasures("disk", files, { count: operations, floors: FLOORS }),
      ...planeMeasures("zarr on the disk", zarr, { count: operations, floors: FLOORS }),
      {
        name: "zarr on the disk, list them",
        count: operations,
        unit: "op",
        run: () => timed(() => zarr.listFiles("plate")),
      },
      {
        name: FLOORS.save,
        count: operations,
        unit: "op",
        run: repeat((i) => {
          fs.writeFileSync(`${raw(i)}.new`, bytes);
          fs.renameSync(`${raw(i)}.new`, raw(i));
        }),
      },
      {
        name: FLOORS.load,
        count: operations,
        unit: "op",
        run: repeat((i) => fs.readFileSync(raw(i))),
      },
      {
        name: `disk, list ${many} files by pattern and extension`,
        count: many,
        unit: "op",
        run: () =>
          timed(() => files.listFiles("many", { pattern: "plane-*", extensions: [".npy"] })),
      },
    ],
    async [Symbol.asyncDispose]() {},
  };
}

/** The same in a bucket behind TLS and a round trip of 30 ms. */
export async function createFarFilesGroup({ quick }: BenchSettings): Promise<Group> {
  const server = await startServer("minio", { tls: CERTIFICATES });
  const distance = await startDistance(server.endpoint, 30);
  const backend = createServerStore({ ...placeOf(server), endpoint: distance.endpoint }, {
    prefix: "files",
  });
  const files = await createFileManager({ bucket: createBucketFiles({ backend }) }).on("bucket");
  return {
    measures: planeMeasures("bucket at 30 ms", files, { count: quick ? 20 : 500, inARow: 20 }),
    async [Symbol.asyncDispose]() {
      await backend[Symbol.asyncDispose]();
      await distance[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

interface PlaneOptions {
  /** How many planes there are. */
  count: number;
  /** How many of them are saved and loaded one by one. */
  inARow?: number;
  /** What one by one is measured against. */
  floors?: { save: string; load: string };
}

function planeMeasures(
  where: string,
  files: Files,
  { count, inARow = count, floors }: PlaneOptions,
): Measure[] {
  const planes = Array.from(
    { length: count },
    (_, i) => ({ path: `plate/plane-${i}.npy`, value: planeOf(i) }),
  );
  const paths = planes.map(({ path }) => path);
  const measure = (
    name: string,
    count: number,
    action: () => Promise<unknown>,
    floor?: string,
  ): Measure => ({
    name: `${where}, ${name}`,
    count,
    unit: "op",
    floor,
    run: () => timed(action),
  });
  return [
    measure("save one by one", inARow, async () => {
      for (const { path, value } of planes.slice(0, inARow)) await files.save(path, value);
    }, floors?.save),
    measure("saveBatch", count, async () => all(await files.saveBatch(planes)), floors?.save),
    measure("load one by one", inARow, async () => {
      for (const path of paths.slice(0, inARow)) await files.load(path);
    }, floors?.load),
    measure("loadBatch", count, async () => all(await files.loadBatch(paths)), floors?.load),
  ];
}

function planeOf(seed: number): NDArray {
  return {
    data: new Uint8Array(SIDE * SIDE).map((_, i) => (i * seed) & 15),
    shape: [SIDE, SIDE],
    dtype: "uint8",
  };
}

/** A benchmark of failures would be fast. */
function all({ failed, errors }: { failed: number[]; errors: Map<number, Error> }): void {
  if (failed.length > 0) throw errors.get(failed[0]);
}
