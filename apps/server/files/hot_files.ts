/**
 * Small files that are asked for again and again, in memory: those of versions that are never overwritten, so that what
 * they hold is known without asking the store.
 *
 * @module
 */
import type { System } from "../../../mod.ts";
import type { Representation } from "./answer_file.ts";

/** Larger files are read from the store each time, bytes. */
export const MOST_HOT_BYTES = 64 * 1024;

/** A version that was deleted by others is served for so long at most, milliseconds. */
const FRESH_MS = 10_000;

/** What an entry takes besides its bytes, about. */
const ENTRY_BYTES = 2 * 1024;

/** A file in memory. */
export interface HotFile extends Representation {
  /** The artifact. */
  readonly name: string;
  /** All of it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The headers of an answer with all of it. */
  readonly whole: Readonly<Record<string, string>>;
}

/** Files in memory, by the path and query that they are asked for with. */
export interface HotFiles {
  /** The file, where it is there and still counts. */
  find(path: string): HotFile | undefined;
  /** Keeps a file. What was not asked for the longest goes. */
  keep(path: string, file: HotFile): void;
  /** Forgets what there is of a name: called by whoever deletes or overwrites a version of it. */
  forget(name: string): void;
}

/** Answers from memory; undefined where the request says more than what it wants. */
export function answerHot({ method, headers }: Request, { bytes, whole }: HotFile): Response | undefined {
  if (method !== "GET" || CONDITIONS.some((name) => headers.has(name))) return undefined;
  return new Response(bytes, { headers: whole });
}

const CONDITIONS = ["range", "if-none-match", "if-match", "if-modified-since", "if-unmodified-since"];

/** Creates a store of hot files that holds so many bytes, 0 for none. */
export function createHotFiles({ system, maxBytes }: { system: System; maxBytes: number }): HotFiles {
  const files = new Map<string, { file: HotFile; bytes: number; since: number }>();
  let total = 0;

  function drop(path: string): void {
    const entry = files.get(path);
    if (entry === undefined) return;
    files.delete(path);
    total -= entry.bytes;
  }

  return {
    find(path) {
      const entry = files.get(path);
      if (entry === undefined) return undefined;
      if (system.monotonic() - entry.since > FRESH_MS) return void drop(path);
      files.delete(path); // and behind all others again
      files.set(path, entry);
      return entry.file;
    },
    keep(path, file) {
      drop(path);
      const bytes = file.bytes.byteLength + path.length + ENTRY_BYTES;
      if (bytes > maxBytes) return;
      files.set(path, { file, bytes, since: system.monotonic() });
      total += bytes;
      for (const oldest of files.keys()) {
        if (total <= maxBytes) break;
        drop(oldest);
      }
    },
    forget(name) {
      for (const [path, { file }] of files) if (file.name === name) drop(path);
    },
  };
}
