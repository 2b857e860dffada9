// The values of a simulation: bundles of files whose content follows from a short label.
import { Buffer } from "node:buffer";
import { defineMaterializer } from "../../core/materializer.ts";
import type { ClassMaterializer, FileSource, FileToSave } from "../../core/materializer.ts";
import { sha256 } from "../../core/bytes/digest.ts";
import type { System } from "../../core/system.ts";
import { createRandom } from "./random.ts";

/** One file: its label repeated up to its size. */
export interface BundleFile {
  path: string;
  label: string;
  size: number;
}

export class Bundle {
  readonly files: readonly BundleFile[];
  /** Time for each chunk of a file above {@linkcode STREAMED_BYTES}, milliseconds. */
  readonly chunkMs: number;

  constructor(files: readonly BundleFile[], chunkMs = 0) {
    this.files = files;
    this.chunkMs = chunkMs;
  }

  /** The same for each order of the files: lists in pages are sorted. */
  get label(): string {
    const files = this.files.toSorted((a, b) => a.path < b.path ? -1 : 1);
    return files.map(({ path, label }) => `${path}=${label}`).join(" ");
  }
}

/** A file of this size does not fit into a record. */
export const PAYLOAD_BYTES = 65 * 1024;
export const STREAMED_BYTES = 257 * 1024;
const CHUNKS = 24;
const LABEL_BYTES = 96;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

export interface Reading {
  /** Pause before each file, milliseconds. */
  restMs: number;
}

export function createBundleMaterializer(
  system: System,
  reading: Reading,
): ClassMaterializer<Bundle> {
  return defineMaterializer<Bundle>({
    id: "simulate/bundle",
    class: Bundle,
    save: ({ files, chunkMs }) => files.map((file) => fileOf(file, chunkMs, system)),
    async load(artifact) {
      const files: BundleFile[] = [];
      for (const { path } of artifact.info.files) {
        if (reading.restMs > 0) await system.sleep(reading.restMs);
        files.push(readFile(path, await artifact.file(path).bytes()));
      }
      return new Bundle(files);
    },
  });
}

/** Returns the file of stored bytes, each of which is checked. */
export function readFile(path: string, bytes: Uint8Array): BundleFile {
  const label = decoder.decode(bytes.subarray(0, Math.min(LABEL_BYTES, bytes.byteLength)))
    .trimEnd();
  const file = { path, label, size: bytes.byteLength };
  return Buffer.compare(contentOf(file).bytes, bytes) === 0
    ? file
    : { ...file, label: `${label} (odd)` };
}

function fileOf(file: BundleFile, chunkMs: number, system: System): FileToSave {
  const bytes = new Uint8Array(contentOf(file).bytes);
  if (file.size < STREAMED_BYTES) return { path: file.path, content: bytes };
  return { path: file.path, content: sourceOf(bytes, chunkMs, system) };
}

/** The content of a file, which nobody changes. */
interface Content {
  bytes: Uint8Array;
  sha256: string;
}

/** The last contents: seeds use equal labels. */
const contents = new Map<string, Content>();
const MAX_CONTENTS = 200;

/** Large files of equal size are equal but for a few places, which depend on their labels. */
export function contentOf({ label, size }: Pick<BundleFile, "label" | "size">): Content {
  const id = `${size} ${label}`;
  let content = contents.get(id);
  if (content === undefined) {
    const bytes = Buffer.alloc(size);
    if (size >= STREAMED_BYTES) fill(bytes, label);
    encoder.encodeInto(label.padEnd(Math.min(size, LABEL_BYTES)), bytes);
    content = { bytes, sha256: sha256(bytes) };
    if (contents.size >= MAX_CONTENTS) contents.clear();
    contents.set(id, content);
  }
  return content;
}

const BLOCK_BYTES = 16 * 1024;
const blocks = new Map<number, Uint8Array>();

function fill(bytes: Uint8Array, label: string): void {
  const sum = Number.parseInt(sha256(label).slice(0, 8), 16);
  const count = Math.ceil(bytes.byteLength / BLOCK_BYTES);
  for (let i = 0; i < count; i++) {
    const isOwn = i === sum % count || i === (sum >>> 8) % count;
    const block = isOwn ? noise(sum + i) : noise(i);
    bytes.set(block.subarray(0, bytes.byteLength - i * BLOCK_BYTES), i * BLOCK_BYTES);
  }
}

function noise(seed: number): Uint8Array {
  let block = blocks.get(seed);
  if (block === undefined) {
    const random = createRandom(seed);
    block = new Uint8Array(BLOCK_BYTES);
    for (let i = 0; i < BLOCK_BYTES; i++) block[i] = random.int(256);
    if (seed < 1000) blocks.set(seed, block);
  }
  return block;
}

function sourceOf(bytes: Uint8Array, chunkMs: number, system: System): FileSource {
  const step = Math.ceil(bytes.byteLength / CHUNKS);
  return {
    size: bytes.byteLength,
    stream() {
      let offset = 0;
      return new ReadableStream({
        async pull(controller) {
          if (chunkMs > 0) await system.sleep(chunkMs);
          controller.enqueue(bytes.slice(offset, offset += step));
          if (offset >= bytes.byteLength) controller.close();
        },
      }, { highWaterMark: 0 });
    },
  };
}
