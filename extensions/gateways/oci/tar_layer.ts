// Layers of container images: tar files that are made while they are read, so nothing is stored twice.
// Their bytes depend on the paths, sizes and digests of their files alone, and must stay the same in
// later releases: clients pin their digests.
import {
  firstIndex,
  itemAt,
  iterableStream,
  readableFile,
  readAll,
  sha256,
} from "../../../core/kernel.ts";
import type { ArtifactFile, ByteRange, FileInfo } from "../../../materializers/mod.ts";

const BLOCK = 512;
/** The end of a tar file. */
const END = new Uint8Array(2 * BLOCK);
/** The largest size of eleven octal digits, and the longest name, that a header has room for. */
const MOST_OCTAL = 8 ** 11 - 1, MOST_NAME = 100;
/** The name that programs without pax see instead of a longer one. */
const NAME_ELSEWHERE = "pax-path";
/** Files up to this size are read whole: a stream takes more time. */
const WHOLE_BYTES = 64 * 1024;

type LayerFile = Pick<FileInfo, "path" | "size"> & {
  /** The offset of its header in the layer. */
  at: number;
};

/** Opens a file of the version. */
export type OpenFile = (path: string) => Promise<ArtifactFile>;

export class TarLayer {
  /** Names its bytes. */
  readonly key: string;
  readonly size: number;
  readonly #folder: string;
  readonly #files: LayerFile[] = [];

  /** @param folder the folder of all files in the image, with `/`, or empty */
  constructor(folder: string, files: readonly Pick<FileInfo, "path" | "size" | "sha256">[]) {
    this.#folder = folder;
    let at = 0;
    for (const { path, size } of files) {
      this.#files.push({ path, size, at });
      at += headerOf(folder + path, size).length + padded(size);
    }
    this.size = at + END.length;
    const rows = files.map(({ path, size, sha256 }) => [path, size, sha256]);
    this.key = sha256(JSON.stringify(["tar", 1, folder, rows]));
  }

  get count(): number {
    return this.#files.length;
  }

  /** Returns it as a file that answers requests, also for ranges. */
  file(digest: string, open: OpenFile): ArtifactFile {
    const stream: ArtifactFile["stream"] = (range, options) =>
      iterableStream(this.read(open, range, options));
    const [, hex = ""] = digest.split(":");
    const info = { path: "layer.tar", size: this.size, sha256: hex };
    return readableFile({ info, stream, bytes: () => readAll(stream()) });
  }

  async *read(
    open: OpenFile,
    { offset, length = this.size - offset }: ByteRange = { offset: 0 },
    options: { windowBytes?: number } = {},
  ): AsyncGenerator<Uint8Array> {
    const files = this.#files, end = offset + length;
    const within = function* (bytes: Uint8Array, at: number) {
      const part = bytes.subarray(Math.max(offset - at, 0), Math.max(end - at, 0));
      if (part.length > 0) yield part;
    };
    const next = firstIndex(files.length, (index) => itemAt(files, index).at > offset);
    for (const { path, size, at } of files.slice(Math.max(next - 1, 0))) {
      if (at >= end) return;
      const header = headerOf(this.#folder + path, size);
      yield* within(header, at);
      const from = at + header.length;
      const start = Math.max(offset - from, 0), stop = Math.min(end - from, size);
      if (start < stop) {
        const file = await open(path);
        const isWhole = start === 0 && stop === size; // which is checked as a whole
        if (isWhole && size <= WHOLE_BYTES) yield await file.bytes();
        else {yield* file.stream(
            isWhole ? undefined : { offset: start, length: stop - start },
            options,
          );}
      }
      yield* within(END.subarray(0, padded(size) - size), from + size);
    }
    yield* within(END, this.size - END.length);
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}

/** Returns the header of a file: ustar, after one of pax for what it has no room for. */
function headerOf(path: string, size: number): Uint8Array {
  const isPlain = path.length <= MOST_NAME && /^[\x20-\x7e]*$/.test(path);
  const records = [
    ...isPlain ? [] : [paxRecord("path", path)],
    ...size <= MOST_OCTAL ? [] : [paxRecord("size", `${size}`)],
  ].join("");
  const name = isPlain ? path : NAME_ELSEWHERE;
  const plain = ustarBlock(name, size <= MOST_OCTAL ? size : 0, "0");
  if (records === "") return plain;
  const pax = new TextEncoder().encode(records);
  const header = new Uint8Array(BLOCK + padded(pax.length) + BLOCK);
  header.set(ustarBlock(NAME_ELSEWHERE, pax.length, "x"));
  header.set(pax, BLOCK);
  header.set(plain, BLOCK + padded(pax.length));
  return header;
}

/** Returns `KEY=VALUE` with the length of all that. */
function paxRecord(key: string, value: string): string {
  const record = ` ${key}=${value}\n`;
  const { length } = new TextEncoder().encode(record);
  let digits = 1;
  while (`${length + digits}`.length > digits) digits++;
  return `${length + digits}${record}`;
}

/** Returns a header of a readable file of root, from 1970. */
function ustarBlock(name: string, size: number, type: string): Uint8Array {
  const octal = (value: number, digits: number) => `${value.toString(8).padStart(digits, "0")}\0`;
  const id = octal(0, 7), numbers = octal(0o644, 7) + id + id + octal(size, 11) + octal(0, 11);
  const textOf = (sum: string) => `${name.padEnd(100, "\0")}${numbers}${sum}${type}`;
  const block = new Uint8Array(BLOCK);
  const set = (text: string, at: number) =>
    void new TextEncoder().encodeInto(text, block.subarray(at));
  set(textOf(" ".repeat(8)), 0);
  set("ustar\x0000", 257);
  const sum = block.reduce((sum, byte) => sum + byte, 0);
  set(textOf(`${octal(sum, 6)} `), 0);
  return block;
}
