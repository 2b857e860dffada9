// Loads an archive of zeros, of as many MiB as is said, and prints what came of it and the most
// memory that it took, MiB.
import { gzipSync } from "node:zlib";
import { concatBytes } from "../../../core/bytes/bytes.ts";
import { bytesFile } from "../../../formats/content/content.ts";
import { npz, tar, tgz } from "../../../formats/archive.ts";
import { contentBytes } from "../format_files.ts";

const MIB = 1024 * 1024;

const [kind, size, maxRatio] = [Deno.args[0], Number(Deno.args[1]) * MIB, Number(Deno.args[2])];

/** The memory that this process had at most, MiB. */
async function peak(): Promise<number> {
  const [, kib] = (await Deno.readTextFile("/proc/self/status")).match(/VmHWM:\s*(\d+)/)!;
  return Math.round(Number(kib) / 1024);
}

/** A tar of one file of zeros, packed member by member: gzip may have several. */
async function zeros(): Promise<Uint8Array> {
  const whole = await contentBytes(
    await tar().encode([{ path: "zeros", content: new Uint8Array(0) }]),
  );
  const header = whole.slice(0, 512);
  header.set(new TextEncoder().encode(size.toString(8).padStart(11, "0")), 124);
  header.fill(32, 148, 156);
  const sum = header.reduce((sum, byte) => sum + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  const mebibyte = gzipSync(new Uint8Array(MIB));
  const members = Array.from({ length: size / MIB }, () => mebibyte);
  return concatBytes([gzipSync(header), ...members, gzipSync(new Uint8Array(1024))]);
}

async function load(): Promise<number> {
  if (kind === "npz") {
    const data = new Uint8Array(size);
    const bytes = await contentBytes(
      await npz({ compress: true }).encode({ a: { data, shape: [size], dtype: "uint8" } }),
    );
    start = await peak();
    return (await npz().decode(bytesFile("a.npz", bytes))).a.data.length;
  }
  const bytes = await zeros();
  start = await peak();
  const [entry] = await tgz({ maxRatio }).decode(bytesFile("a.tgz", bytes));
  let found = 0;
  for await (const chunk of entry.stream()) found += chunk.byteLength;
  return found;
}

let start = 0;
const outcome = await load().catch((error) => error.code);
console.log(JSON.stringify({ outcome, took: await peak() - start }));
