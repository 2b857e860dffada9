/**
 * Archives: many files in one.
 *
 * @module
 */
import { iterableStream } from "../core/bytes/bytes.ts";
import { contentStream } from "./content/content.ts";
import type { Format } from "./content/format.ts";
import { unsupported, unwritable } from "./archive/entries.ts";
import type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
import { gunzip, gzip } from "./archive/gzip.ts";
import { listProblem, writtenEntries, type WrittenEntry } from "./archive/written_entries.ts";
import { inLargePieces } from "./archive/ranges.ts";
import { readTar } from "./archive/tar_read.ts";
import { writeTar } from "./archive/tar_write.ts";
import { checkZipLinks, zipEntry } from "./archive/zip_content.ts";
import { readZipDirectory, type ZipLimits, type ZipRecord } from "./archive/zip_directory.ts";
import { writeZip } from "./archive/zip_write.ts";
import { decodeNpy, encodeNpy } from "./arrays/npy.ts";
import { isNDArray, type NDArray } from "./arrays/ndarray.ts";
import { fault } from "../core/errors.ts";
import type { FileToDecode } from "../core/file_store.ts";
import { shown } from "../core/naming/names.ts";
import { isPlainObject } from "../core/text/plain_value.ts";

export type { ArchiveEntry, ArchiveLimits, EntriesToSave, EntryToSave } from "./archive/entries.ts";
export type { ZipLimits } from "./archive/zip_directory.ts";

/**
 * ZIP files (.ZIP File Format Specification 6.3.10) of any size, as a list of entries. Loading
 * reads the directory and the targets of links. Entries are read on demand and compared with their
 * CRC-32; a range of an uncompressed entry is read alone, without this check.
 *
 * Entries may be stored or compressed with Deflate. Encryption, other methods, split archives,
 * devices and names that are not UTF-8 are `Unsupported`. Unsafe archives are `Corrupt`, so that
 * each loaded one can be written to a folder: absolute or climbing paths, backslashes, drive
 * letters, duplicate paths, paths below a file, links out of the archive, overlapping entries, and
 * ambiguities that programs resolve differently. Times and comments are neither read nor written.
 *
 * Writing streams entries, and holds at most 1 MiB of each in memory.
 *
 * @example
 * ```ts
 * import { bytesFile, contentBytes } from "@holdfast/holdfast/files";
 * import { zip } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const wells = new TextEncoder().encode("wells");
 * const content = await zip().encode([{ path: "plate/A01.txt", content: wells }]);
 * const [entry] = await zip().decode(bytesFile("plate.zip", await contentBytes(content)));
 * assertEquals([entry?.path, await entry?.bytes()], ["plate/A01.txt", wells]);
 * ```
 */
export function zip(
  { compress = true, ...limits }: ZipLimits & {
    /** Compresses entries with Deflate. @default true */
    compress?: boolean;
  } = {},
): Format<ArchiveEntry[], EntriesToSave> {
  return {
    ...entriesFormat((entries) => writeZip(entries, { compress })),
    id: "zip",
    extensions: [".zip"],
    mediaType: "application/zip",
    async decode(file, { signal } = {}) {
      const records = await readZipDirectory(file, limits, signal);
      const entries = records.map((record) => zipEntry(file, record));
      await checkZipLinks(file, entries);
      return entries;
    },
  };
}

function entriesFormat(
  write: (entries: AsyncIterable<WrittenEntry>) => AsyncIterable<Uint8Array>,
): Pick<Format<ArchiveEntry[], EntriesToSave>, "accepts" | "encode"> {
  return {
    accepts: (value) => listProblem(value) === undefined,
    encode(entries, { signal } = {}) {
      const problem = listProblem(entries);
      if (problem !== undefined) throw unwritable(problem);
      return iterableStream(inLargePieces(write(writtenEntries(entries, signal))));
    },
  };
}

/**
 * Tar files (ustar and pax of POSIX.1-2017; GNU tar and Unix V7 are read too), as a list of
 * entries like {@linkcode zip}. Loading reads the headers; entries are read on demand. Tar has no
 * checksum of contents.
 *
 * A hard link is loaded as a file with the same bytes. Sparse files, devices, pipes and names that
 * are not UTF-8 are `Unsupported`; unsafe paths and links are `Corrupt`, like those of a ZIP file.
 * Times and owners are neither read nor written.
 *
 * Writing streams entries. Each needs a known size, so content that is a stream is refused.
 *
 * @example
 * ```ts
 * import { bytesFile, contentBytes } from "@holdfast/holdfast/files";
 * import { tar } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const wells = new TextEncoder().encode("wells");
 * const content = await tar().encode([{ path: "plate/A01.txt", content: wells }]);
 * const [entry] = await tar().decode(bytesFile("plate.tar", await contentBytes(content)));
 * assertEquals([entry?.path, await entry?.bytes()], ["plate/A01.txt", wells]);
 * ```
 */
export function tar(limits: ArchiveLimits = {}): Format<ArchiveEntry[], EntriesToSave> {
  return {
    ...entriesFormat(writeTar),
    id: "tar",
    extensions: [".tar"],
    mediaType: "application/x-tar",
    decode: async (file, { signal } = {}) => await readTar(file, limits, signal),
  };
}

/**
 * Tar files compressed with gzip. Loading unpacks all of it into memory, at most `maxBytes` (1
 * GiB), and above 64 MiB at most `maxRatio` (200) times the size of the file. The checksum of gzip
 * is verified.
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
      const unpacked = await gunzip(file, { maxBytes, maxRatio }, options.signal);
      return await archive.decode(unpacked, options);
    },
  };
}

/**
 * Arrays by name as `.npz` files of NumPy (`savez`, `savez_compressed`, `load`): a plain object of
 * `{ data, shape, dtype }` with the dtypes of `.npy` files.
 *
 * All arrays are loaded. To load a single one, load the file with `{ as: zip() }` and decode its
 * entry with `npy()`.
 *
 * @example
 * ```ts
 * import { bytesFile, contentBytes } from "@holdfast/holdfast/files";
 * import { npz } from "@holdfast/holdfast/formats";
 * import { assertEquals } from "@std/assert";
 *
 * const image = { data: Uint16Array.of(1, 2, 3, 4), shape: [2, 2], dtype: "uint16" } as const;
 * const content = await npz({ compress: true }).encode({ image });
 * const found = await npz().decode(bytesFile("plate.npz", await contentBytes(content)));
 * assertEquals(found, { image });
 * ```
 */
export function npz(options: ZipLimits & {
  /** Compresses arrays with Deflate, like `numpy.savez_compressed`. @default false */
  compress?: boolean;
  /** Maximum bytes of all arrays, which are loaded together. @default 8589934592 (8 GiB) */
  maxBytes?: number;
  /** Maximum unpacked bytes per byte of the archive. @default 1032, the maximum of Deflate */
  maxRatio?: number;
} = {}): Format<NamedArrays> {
  const { compress = false, maxBytes = 8 * 1024 ** 3, maxRatio = 1032, maxEntries } = options;
  const limits = { maxBytes, maxRatio, ...maxEntries !== undefined && { maxEntries } };
  const archive = zip({ compress, ...limits });
  return {
    id: "npz",
    extensions: [".npz"],
    mediaType: "application/x-npz",
    accepts: areNamedArrays,
    encode: (arrays, options) => archive.encode(arrayEntries(arrays), options),
    decode: async (file, { signal } = {}) =>
      await readArrays(file, await readZipDirectory(file, limits, signal)),
  };
}

const SUFFIX = ".npy";

/** Arrays by name. */
export type NamedArrays = Record<string, NDArray>;

function areNamedArrays(value: unknown): value is NamedArrays {
  return isPlainObject(value) &&
    Reflect.ownKeys(value).every((name) =>
      typeof name === "string" && isNDArray(Object.getOwnPropertyDescriptor(value, name)?.value)
    );
}

function arrayEntries(value: NamedArrays): EntryToSave[] {
  if (areNamedArrays(value)) {
    return Object.entries(value).map(([name, { dtype, shape, data }]) => {
      return { path: name + SUFFIX, content: encodeNpy(dtype, shape, data) };
    });
  }
  throw fault({
    code: "Unsupported",
    action: "write archive",
    state: "the value is not a plain object of arrays",
    hint: "Pass arrays by name: { images: { data, shape, dtype } }.",
  });
}

async function readArrays(file: FileToDecode, records: readonly ZipRecord[]): Promise<NamedArrays> {
  const arrays: [string, NDArray][] = [];
  for (const record of records) {
    const path = new TextDecoder("utf-8", { ignoreBOM: true }).decode(record.name);
    const isArray = path.endsWith(SUFFIX) && record.mode !== "folder" && record.mode !== "link";
    if (!isArray || path !== record.path) { // for NumPy, `./a` is another name than `a`
      const state = isArray ? `is not named ${shown(record.path)}` : "is not an array";
      const hint = "Load it as an archive, { as: zip() }, and decode its entries.";
      throw unsupported(file.path, `entry ${shown(path)} ${state}`, hint);
    }
    const bytes = await zipEntry(file, record).bytes();
    arrays.push([path.slice(0, -SUFFIX.length), decodeNpy(bytes, `${file.path}/${path}`)]);
  }
  return Object.fromEntries(arrays);
}
