// Sends huge files through a file store and reads parts of them, and says how much memory that
// took. Arguments: the kind of the store, a folder to work in, MiB of each file, and of a bucket
// where its server is.
import fs from "node:fs";
import process from "node:process";
import { concatBytes, iterableStream } from "../../../core/bytes/bytes.ts";
import { encodeNpyHeader } from "../../../core/bytes/npy_header.ts";
import type { FileSource } from "../../../core/materializer.ts";
import { createBucketFiles } from "../../../files/bucket.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { createFileManager } from "../../../files/mod.ts";
import type { Files } from "../../../files/mod.ts";
import { readSlice } from "../../../formats/npy.ts";
import { readRegion } from "../../../formats/tiff.ts";
import { createZarrArray, openZarrArray, zarrStore } from "../../../formats/zarr.ts";
import type { ZarrStore } from "../../../formats/zarr.ts";
import { createServerStore } from "../../servers/server_world.ts";
import { timed } from "../measure.ts";
import type { Timing } from "../measure.ts";
import { MIB } from "../values.ts";
import { peakRssMib } from "./huge_process.ts";

/** What it says, as JSON on standard output: each step in turn, and the most memory ever resident up to its end, MiB. */
export type FilesReport = { name: string; time: Timing; rssMib: number }[];

/** An image of one channel, of as many rows of 32 Ki pixels as make these MiB: one strip behind its directory. */
function imageSource(mib: number): FileSource {
  const [width, height] = [32_768, mib * 32];
  const entries = [
    [256, 4, width],
    [257, 4, height],
    [258, 3, 8],
    [259, 3, 1],
    [262, 3, 1],
    [273, 4, 256],
    [
      277,
      3,
      1,
    ],
    [278, 4, height],
    [279, 4, width * height],
  ];
  const head = new Uint8Array(256);
  const view = new DataView(head.buffer);
  head.set([0x49, 0x49, 42, 0, 8]);
  view.setUint16(8, entries.length, true);
  for (const [index, [tag, type, value]] of entries.entries()) {
    const at = 10 + index * 12;
    view.setUint16(at, tag, true);
    view.setUint16(at + 2, type, true);
    view.setUint32(at + 4, 1, true);
    view.setUint32(at + 8, value, true);
  }
  return sourceOf(head, mib);
}

function arraySource(mib: number): FileSource {
  return sourceOf(encodeNpyHeader("uint8", [mib, MIB]), mib);
}

function sourceOf(head: Uint8Array, mib: number): FileSource {
  const body = new Uint8Array(MIB).map((_, i) => i * 31);
  async function* chunks() {
    yield concatBytes([head, body]);
    for (let i = 1; i < mib; i++) yield body.slice();
  }
  return { size: head.byteLength + mib * MIB, stream: () => iterableStream(chunks()) };
}

async function readAllOf(files: Files, path: string): Promise<void> {
  let size = 0;
  for await (const chunk of (await files.open(path)).stream()) size += chunk.byteLength;
  if (size < MIB) throw new Error(`${path} has only ${size} bytes`);
}

/** An array in chunks of 4 MiB, written a few rows at a time. */
async function saveZarr(store: ZarrStore, mib: number): Promise<void> {
  const rows = 64;
  const array = await createZarrArray(store, "", {
    shape: [mib, MIB],
    dtype: "uint8",
    chunks: [4, MIB],
  });
  const data = new Uint8Array(rows * MIB).map((_, i) => (i * 31) & 63);
  for (let at = 0; at < mib; at += rows) {
    await array.write({ data, shape: [rows, MIB], dtype: "uint8" }, { at: [at, 0] });
  }
}

if (import.meta.main) {
  const [kind, folder, mib, server] = process.argv.slice(2);
  fs.mkdirSync(folder, { recursive: true });
  const store = kind === "disk" ? createLocalFiles({ root: folder }) : createBucketFiles({
    backend: createServerStore(JSON.parse(server), { prefix: "huge-files" }),
  });
  const files = await createFileManager({ it: store }).on("it");
  const region = { x: 16_000, y: Number(mib) * 16, width: 512, height: 512 };
  const zarr = zarrStore(store, "array.zarr");
  const steps: [string, () => Promise<unknown>][] = [
    ["save an image", () => files.save("image.tif", imageSource(Number(mib)), { as: "bytes" })],
    ["read 512 x 512 of it", async () => await readRegion(await files.open("image.tif"), region)],
    ["save an array", () => files.save("array.npy", arraySource(Number(mib)), { as: "bytes" })],
    [
      "read 4 of its rows",
      async () => await readSlice(await files.open("array.npy"), { start: 5, stop: 9 }),
    ],
    ["read all of it", () => readAllOf(files, "array.npy")],
    ["save an array in zarr", () => saveZarr(zarr, Number(mib))],
    [
      "read 4 of its rows in zarr",
      async () => await (await openZarrArray(zarr, "")).read([[5, 9]]),
    ],
  ];
  const report: FilesReport = [];
  for (const [name, action] of steps) {
    report.push({ name, time: await timed(action), rssMib: peakRssMib() });
  }
  await files.deleteAll("");
  await store[Symbol.asyncDispose]();
  console.log(JSON.stringify(report));
}
