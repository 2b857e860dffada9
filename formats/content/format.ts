// The contract of a format: what the files of one kind hold, as bytes and as a value. Stores of
// files find it by the extension of a path, the registry by the value.
import type { FileToDecode } from "../../core/file_store.ts";
import type { FileToSave } from "../../core/materializer.ts";

export type { FileToDecode } from "../../core/file_store.ts";

/** Options of the members of a {@linkcode Format}. */
export interface FormatOptions {
  signal?: AbortSignal;
}

/** How values of one kind become the bytes of a file, and back. What it needs to be told is told when it is made. */
export interface Format<T = unknown, S = T> {
  /** What it is called: `csv`. */
  readonly id: string;
  /** The extensions of its files, lower case, the usual one first: `[".tif", ".tiff"]`. */
  readonly extensions: readonly string[];
  /** The registered media type, or one that browsers know. */
  readonly mediaType: string;
  /**
   * What reading a file of this format needs to be told beside its kind, as plain data: whoever keeps it beside the file
   * can read it again. Absent: nothing.
   */
  readonly reading?: Readonly<Record<string, unknown>>;
  /** Whether a file of this kind can hold exactly this value. */
  accepts(value: unknown): boolean;
  /**
   * The bytes of a value.
   *
   * @throws {RegistryError} `Unsupported` for a value that they cannot hold exactly: nothing is ever cast
   */
  encode(value: S, options?: FormatOptions): FileToSave["content"] | Promise<FileToSave["content"]>;
  /**
   * The value of a file. Nothing that it says makes it use more memory than the value and a few megabytes.
   *
   * @throws {RegistryError} `Corrupt` for what is no file of this kind, or a damaged one; `Unsupported` for what is
   * written in a way that is not read here
   */
  decode(file: FileToDecode, options?: FormatOptions): T | Promise<T>;
}
