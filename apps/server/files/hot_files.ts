// Small files that are asked for again and again, in memory: those of versions that are never
// overwritten, so that what they hold is known without asking the store. So is what is known of
// such a version, where its files come with it.
import type { System } from "../../../mod.ts";
import type { Representation } from "./answer_file.ts";

/** Larger files are read from the store each time, bytes. */
export const MOST_HOT_BYTES = 64 * 1024;

/** A version that was deleted by others is served for so long at most, milliseconds. */
const FRESH_MS = 10_000;

/** What an entry takes besides its bytes, about: its headers most of all. */
const ENTRY_BYTES = 4 * 1024;

export interface HotFile extends Representation {
  readonly route: string;
  /** Whether it is answered with as a whole, whatever range is asked for. @default false */
  readonly isWhole?: boolean;
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The answer to who asks for all of it and says no more, as it was given once, to be copied. */
  answer?: {
    response: Response;
    headers: Record<string, string>;
  };
}

/** Files in memory, by the whole URL that they are asked for with: so the host of a request is one that was let in. */
export interface HotFiles {
  find(url: string): HotFile | undefined;
  /** Keeps a file. What was not asked for the longest goes. */
  keep(url: string, file: HotFile): void;
  /** Forgets what there is of a name: called by whoever deletes or overwrites a version of it. */
  forget(name: string): void;
}

/** Creates a store of hot files that holds so many bytes, 0 for none. */
export function createHotFiles(
  { system, maxBytes }: { system: System; maxBytes: number },
): HotFiles {
  const files = new Map<string, { file: HotFile; bytes: number; since: number }>();
  let total = 0;

  function drop(url: string): void {
    const entry = files.get(url);
    if (entry === undefined) return;
    files.delete(url);
    total -= entry.bytes;
  }

  return {
    find(url) {
      const entry = files.get(url);
      if (entry === undefined) return undefined;
      if (system.monotonic() - entry.since > FRESH_MS) return void drop(url);
      files.delete(url); // and behind all others again
      files.set(url, entry);
      return entry.file;
    },
    keep(url, file) {
      drop(url);
      const bytes = file.bytes.byteLength + url.length + ENTRY_BYTES;
      if (bytes > maxBytes) return;
      files.set(url, { file, bytes, since: system.monotonic() });
      total += bytes;
      for (const oldest of files.keys()) {
        if (total <= maxBytes) break;
        drop(oldest);
      }
    },
    forget(name) {
      for (const [url, { file }] of files) if (file.name === name) drop(url);
    },
  };
}
