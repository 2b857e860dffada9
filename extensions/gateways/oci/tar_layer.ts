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
import { tarHeader } from "../../../apps/server/extending.ts";
import type { ArtifactFile, ByteRange, FileInfo } from "../../../materializers/mod.ts";

const BLOCK = 512;
/** The end of a tar file. */
const END = new Uint8Array(2 * BLOCK);
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
      at += tarHeader(folder + path, size).length + padded(size);
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
      const header = tarHeader(this.#folder + path, size);
      yield* within(header, at);
      const from = at + header.length;
      const start = Math.max(offset - from, 0), stop = Math.min(end - from, size);
      if (start < stop) {
        const file = await open(path);
        const isWhole = start === 0 && stop === size; // which is checked as a whole
        const range = isWhole ? undefined : { offset: start, length: stop - start };
        if (isWhole && size <= WHOLE_BYTES) yield await file.bytes();
        else yield* file.stream(range, options);
      }
      yield* within(END.subarray(0, padded(size) - size), from + size);
    }
    yield* within(END, this.size - END.length);
  }
}

function padded(size: number): number {
  return Math.ceil(size / BLOCK) * BLOCK;
}
