// The contract of a format: files of one kind as bytes and as a value. File stores find a format by
// the extension of a path, registries by the value.
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";

export type { FileToDecode } from "../../core/file_store.ts";

/** Options of the members of a {@linkcode Format}. */
export interface FormatOptions {
  signal?: AbortSignal;
}

/**
 * Encodes values of one kind as files, and decodes them. Its options are set when it is created.
 */
export interface Format<T = unknown, S = T> {
  /** A unique name: `csv`. */
  readonly id: string;
  /** File extensions, lower case, the usual one first: `[".tif", ".tiff"]`. */
  readonly extensions: readonly string[];
  /** The registered media type, or the one that browsers use. */
  readonly mediaType: string;
  /**
   * Options needed to decode its files, as plain data that can be stored beside them. Absent if
   * there are none.
   */
  readonly reading?: Readonly<Record<string, unknown>>;
  /** Returns true if a file can hold exactly this value. */
  accepts(value: unknown): boolean;
  /**
   * Encodes a value.
   *
   * @throws {RegistryError} `Unsupported` for a value that cannot be stored exactly: nothing is
   * cast
   */
  encode(value: S, options?: FormatOptions): FileToSave["content"] | Promise<FileToSave["content"]>;
  /**
   * Decodes a file. Peak memory is that of the value and a few megabytes, whatever the file
   * declares.
   *
   * @throws {RegistryError} `Corrupt` for a damaged file or one of another kind, `Unsupported` for
   * features that are not read
   */
  decode(file: FileToDecode, options?: FormatOptions): T | Promise<T>;
}
