// The files of an opened version.
import { type Artifact, type ArtifactFile, type FilePiece, STORED } from "../../core/artifact.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { invalid } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { inWords, worded, wordedListing } from "../../core/calls/verb_errors.ts";
import { readableFile } from "../../core/registry/artifact_file.ts";
import { fileFacts, pickFile } from "../../core/registry/file_facts.ts";
import type { FileInfo, StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import type { RegistryCache } from "./cache.ts";
import { CachedReader } from "./cached_reader.ts";
import { tooLargeHere } from "../../core/calls/load_limit.ts";
import { StoreReader } from "../payload/store_reader.ts";
import { type MaybeStored, StoredContent } from "../payload/stored_content.ts";
import type {
  FileReader,
  PayloadSource,
  ReadFilesOptions,
  ReadPlace,
} from "../payload/store_reader.ts";

export interface CachedFiles extends ReadPlace {
  cache?: RegistryCache;
}

function checkWindow(ref: string, windowBytes = Infinity): void {
  if (windowBytes === Infinity || Number.isSafeInteger(windowBytes) && windowBytes > 0) return;
  throw invalid("read", JSON.stringify(ref), `windowBytes is ${shown(windowBytes)}`, {
    hint: "Pass a positive integer, or omit it.",
  });
}

export function createArtifact(
  place: CachedFiles,
  source: PayloadSource,
  options: ReadFilesOptions,
): Artifact {
  const read = createCachingReader(place, source, options);
  let byPath: Map<string, StoredFile> | undefined;
  const filesByPath = () => byPath ??= new Map(source.files.map((file) => [file.path, file]));
  const call = { verb: "read", ref: source.ref };
  const streamOf = (chunks: AsyncIterable<Uint8Array>) =>
    iterableStream(wordedListing(call, chunks));
  const stored = new StoreReader(place, source, { ...options, verify: "integrity" });
  const wordedPiece = ({ passTo, missingIn, ...piece }: FilePiece): FilePiece => ({
    ...piece,
    passTo: (...args) => worded(call, () => passTo(...args)),
    ...(missingIn && {
      async missingIn(written) {
        const rest = await missingIn(written);
        return rest && wordedPiece(rest);
      },
    }),
  });
  const open = (file: StoredFile): ArtifactFile & MaybeStored => {
    const [part] = file.parts ?? [];
    const whole = () => read.whole(file);
    const stream: ArtifactFile["stream"] = (range, window) => {
      checkWindow(source.ref, window?.windowBytes);
      return streamOf(
        range === undefined ? whole().chunks(window) : read.range(file, range, window),
      );
    };
    return readableFile({
      [STORED]: (its: MaybeStored) =>
        its.stream === stream && its.size === file.size
          ? new StoredContent(file, stored)
          : undefined,
      info: fileInfo(file),
      ...(part?.offset !== undefined && { pack: source.keyOf(file, part) }),
      stream,
      async bytes() {
        options.limit?.check(source.ref, file);
        try {
          return await whole().bytes();
        } catch (error) {
          throw error instanceof RangeError
            ? tooLargeHere(source.ref, file, error)
            : inWords(call, error);
        }
      },
      passTo: (write, signal) => worded(call, () => whole().passTo(write, signal)),
      async pieces() {
        const pieces = await worded(call, async () => await read.pieces?.(file));
        return pieces?.map(wordedPiece);
      },
      keep: async (written, signal) => await read.keep?.(file, written, signal),
      chunkList: () => worded(call, async () => (await stored.chunkList(file))?.encode()),
      async rebuild(copy) {
        const pass = await worded(call, async () => await read.rebuild(file, copy));
        if (pass === undefined) return undefined;
        const { size: length } = file;
        return { offset: 0, length, passTo: (...args) => worded(call, () => pass(...args)) };
      },
    });
  };
  return {
    info: source.info,
    files: () => source.files.map(open),
    file: (path) => open(pickFile(source.info, filesByPath(), path)),
  };
}

export function fileInfo(file: StoredFile): FileInfo {
  const { path, size, sha256 } = file;
  return { path, size, sha256, ...fileFacts(file) };
}

function createCachingReader(
  place: CachedFiles,
  source: PayloadSource,
  options: ReadFilesOptions,
): FileReader {
  const { cache } = place;
  if (cache === undefined) return new StoreReader(place, source, options);
  let fromStore = 0, fromCache = 0;
  const report = (path: string) =>
    options.onProgress?.({ path, bytes: fromStore + fromCache, totalBytes: source.info.size });
  const onProgress = ({ path, bytes }: TransferProgress) => {
    fromStore = bytes;
    report(path);
  };
  const progress = ({ path }: StoredFile, bytes: number) => {
    fromCache += bytes;
    report(path);
  };
  return new CachedReader(cache, new StoreReader(place, source, { ...options, onProgress }), {
    ...options,
    progress,
    earlier: (file) => source.earlier?.(file),
  });
}
