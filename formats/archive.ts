/**
 * Archives: files by path in one file.
 *
 * @module
 */
import { iterableStream } from "../core/bytes/bytes.ts";
import { contentStream } from "./content/content.ts";
import type { Format } from "./content/format.ts";
import { unsupportedArchive, unwritableArchive } from "./archive/entries.ts";
import type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
import { gunzip, gzip } from "./archive/gzip.ts";
import { listProblem, writtenEntries } from "./archive/written_entries.ts";
import { inLargePieces } from "./archive/ranges.ts";
import { readTar } from "./archive/tar_read.ts";
import { writeTar } from "./archive/tar_write.ts";
import { checkZipLinks, zipEntry } from "./archive/zip_content.ts";
import { readZipDirectory, type ZipLimits } from "./archive/zip_directory.ts";
import { writeZip } from "./archive/zip_write.ts";
import { decodeNpy, encodeNpy } from "./arrays/npy.ts";
import { isNDArray, type NDArray } from "./arrays/ndarray.ts";
import { fault, type RegistryError } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";

export type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
export type { ZipLimits } from "./archive/zip_directory.ts";

/** Options of {@linkcode zip}. */
export interface ZipOptions extends ZipLimits {
  /** Whether entries are written packed, by Deflate. @default true */
  compress?: boolean;
}

/** Options of {@linkcode npz}. */
export interface NpzOptions extends ZipLimits {
  /** Whether arrays are written packed, by Deflate, as `numpy.savez_compressed` does. @default false */
  compress?: boolean;
  /** The most bytes of all arrays together, for all of them are loaded. @default 8589934592 (8 GiB) */
  maxBytes?: number;
  /** The most bytes that one byte of the archive may stand for; as much as Deflate makes of one. @default 1032 */
  maxRatio?: number;
}

/**
 * ZIP files (.ZIP File Format Specification 6.3.10), of any size: entries as a list. Loading reads the directory, and
 * the texts of links; the bytes of an entry are read from the file, and compared with their CRC-32, when they are asked
 * for. Of an entry that is stored without packing a range is read alone, and not compared.
 *
 * Read are entries that are stored or packed by Deflate. Encrypted ones, other methods, parts of several files, devices
 * and names that are not UTF-8 are `Unsupported`. Paths that are absolute or climb, with a backslash or a drive letter,
 * that occur twice or lie below a file, links that lead out of the archive, entries that overlap, and whatever programs
 * read in different ways are `Corrupt`: an archive that is loaded can be written to a folder. Times and comments are
 * not read, nor written.
 *
 * Entries are written as they come; what is longer than 1 MiB is not held in memory.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { zip } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const content = await zip().encode([{ path: "plate/A01.txt", content: new TextEncoder().encode("wells") }]);
 * const bytes = new Uint8Array(await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
 * const [entry] = await zip().decode(bytesFile("plate.zip", bytes));
 * assertEquals([entry.path, new TextDecoder().decode(await entry.bytes())], ["plate/A01.txt", "wells"]);
 * ```
 */
export function zip(
  { compress = true, ...limits }: ZipOptions = {},
): Format<ArchiveEntry[], EntriesToSave> {
  return {
    id: "zip",
    extensions: [".zip"],
    mediaType: "application/zip",
    accepts: (value) => listProblem(value) === undefined,
    encode(entries, { signal } = {}) {
      const problem = listProblem(entries);
      if (problem !== undefined) throw unwritableArchive(problem);
      return iterableStream(inLargePieces(writeZip(writtenEntries(entries, signal), compress)));
    },
    async decode(file, { signal } = {}) {
      const records = await readZipDirectory(file, limits, signal);
      const entries = records.map((record) => zipEntry(file, record));
      await checkZipLinks(file, entries);
      return entries;
    },
  };
}

/**
 * Tar files (POSIX.1-2017, ustar and pax; those of GNU tar and Unix V7 are read too): entries as a list, as {@linkcode
 * zip} has them. Loading reads the headers and passes over what lies between; the bytes of an entry are read from the
 * file when they are asked for. A tar file has no sums of them.
 *
 * What is a hard link in the archive is loaded as a file with the same bytes. Sparse files, devices and pipes, and
 * names that are not UTF-8 are `Unsupported`; paths and links as in a zip are `Corrupt`. Times and owners are not read,
 * nor written.
 *
 * Entries are written as they come. The size of each stands before it: a stream, which does not say its size, is
 * refused.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { tar } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const content = await tar().encode([{ path: "plate/A01.txt", content: new TextEncoder().encode("wells") }]);
 * const bytes = new Uint8Array(await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
 * const [entry] = await tar().decode(bytesFile("plate.tar", bytes));
 * assertEquals([entry.path, new TextDecoder().decode(await entry.bytes())], ["plate/A01.txt", "wells"]);
 * ```
 */
export function tar(limits: ArchiveLimits = {}): Format<ArchiveEntry[], EntriesToSave> {
  return {
    id: "tar",
    extensions: [".tar"],
    mediaType: "application/x-tar",
    accepts: (value) => listProblem(value) === undefined,
    encode(entries, { signal } = {}) {
      const problem = listProblem(entries);
      if (problem !== undefined) throw unwritableArchive(problem);
      return iterableStream(inLargePieces(writeTar(writtenEntries(entries, signal))));
    },
    decode: async (file, { signal } = {}) => await readTar(file, limits, signal),
  };
}

/**
 * Tar files packed by gzip: as {@linkcode tar}, but what they hold cannot be passed over. Loading unpacks all of it
 * into memory, at most `maxBytes` (1 GiB), and above 64 MiB at most `maxRatio` (200) times the size of the file. The
 * checksum of gzip is verified.
 */
export function tgz(
  { maxBytes = 1024 ** 3, maxRatio = 200, maxEntries }: ZipLimits = {},
): Format<ArchiveEntry[], EntriesToSave> {
  const archive = tar({ maxBytes, ...maxEntries !== undefined && { maxEntries } });
  return {
    ...archive,
    id: "tgz",
    extensions: [".tar.gz", ".tgz"],
    mediaType: "application/gzip",
    encode: async (entries, options) =>
      iterableStream(gzip(contentStream(await archive.encode(entries, options)))),
    decode: async (file, options = {}) => {
      return await archive.decode(
        await gunzip(file, { maxBytes, maxRatio }, options.signal),
        options,
      );
    },
  };
}

/**
 * Arrays by name as `.npz` files, which `numpy.savez` writes and `numpy.load` reads: a plain object of
 * `{ data, shape, dtype }`, of the types that `.npy` files have here. What `numpy.savez_compressed` writes is read too.
 *
 * All arrays are loaded. To load one of many, take the file as an archive, `{ as: zip() }`, and decode its entry by
 * `npy()`.
 *
 * @example
 * ```ts
 * import { bytesFile } from "@holdfast/holdfast/files";
 * import { npz } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const arrays = { images: { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" } } as const;
 * const content = await npz({ compress: true }).encode(arrays);
 * const bytes = new Uint8Array(await new Response(content as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
 * const found = await npz().decode(bytesFile("plate.npz", bytes));
 * assertEquals(found, arrays);
 * ```
 */
export function npz(options: NpzOptions = {}): Format<NamedArrays> {
  const { compress = false, maxBytes = 8 * 1024 ** 3, maxRatio = 1032, maxEntries } = options;
  const archive = zip({
    compress,
    maxBytes,
    maxRatio,
    ...maxEntries !== undefined && { maxEntries },
  });
  return {
    id: "npz",
    extensions: [".npz"],
    mediaType: "application/x-npz",
    accepts: areNamedArrays,
    encode: (arrays, options) => archive.encode(arrayEntries(arrays), options),
    decode: async (file, options) =>
      await readArrays(file.path, await archive.decode(file, options)),
  };
}

const SUFFIX = ".npy";

/** Arrays by name. */
export type NamedArrays = Record<string, NDArray>;

/** Whether a value is a plain object of arrays. */
function areNamedArrays(value: unknown): value is NamedArrays {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Reflect.ownKeys(value).every((name) =>
    typeof name === "string" && isNDArray(Object.getOwnPropertyDescriptor(value, name)?.value)
  );
}

function arrayEntries(value: NamedArrays): EntryToSave[] {
  if (!areNamedArrays(value)) throw notNamedArrays();
  return Object.entries(value).map(([name, { dtype, shape, data }]) => ({
    path: name + SUFFIX,
    content: encodeNpy(dtype, shape, data),
  }));
}

function notNamedArrays(): RegistryError {
  return fault({
    code: "Unsupported",
    action: "write archive",
    state: "the value is no plain object of arrays",
    hint: "It is an object of arrays by name: { images: { data, shape, dtype } }.",
  });
}

/** The arrays of an archive, one after the other. */
async function readArrays(
  path: string,
  entries: readonly ArchiveEntry[],
): Promise<NamedArrays> {
  const arrays: [string, NDArray][] = [];
  for (const entry of entries) {
    if (!entry.path.endsWith(SUFFIX) || entry.mode === "folder" || entry.mode === "link") {
      throw unsupportedArchive(
        path,
        `${shown(entry.path)} in it is no array`,
        "Load it as an archive, { as: zip() }, and what is in it one by one.",
      );
    }
    const name = entry.path.slice(0, -SUFFIX.length);
    arrays.push([name, decodeNpy(await entry.bytes(), `${path}/${entry.path}`)]);
  }
  return Object.fromEntries(arrays);
}
