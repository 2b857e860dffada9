// Names the upload of a file of this machine, so that a save after a killed one goes on with it.
// Not loaded by browsers.
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { sha256 } from "../../../core/bytes/digest.ts";
import { cacheFolder } from "../../../disk/cache_folder.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import { isProcessGone, noProcess, thisProcess } from "../../../disk/stage/process.ts";
import type { Connection } from "../connection.ts";
import type { LargeContent } from "../content.ts";

/** A file in the cache folder. The next save of the same file replaces it. */
export class UploadNote {
  readonly #at: string;
  /** The state of the file, and what is sent of it. */
  readonly #state: string;

  private constructor(at: string, state: string) {
    [this.#at, this.#state] = [at, state];
  }

  /** Returns undefined for content that is not a file, or without a cache folder. */
  static of(
    { location, system }: Connection,
    { source, ranges }: LargeContent,
    pieceBytes?: number,
  ): UploadNote | undefined {
    if (!(source instanceof DiskContent)) return undefined;
    const folder = cacheFolder(undefined, system), { path, state } = source.file;
    if (!("path" in folder)) return undefined;
    const at = join(folder.path, "uploads", digestOf([location, path]));
    const sent = JSON.stringify([pieceBytes, state, ranges && digestOf(ranges)]);
    return new UploadNote(at, sent);
  }

  /** Takes the upload of an earlier save of the same bytes. No other program sends it any more. */
  take(): string | undefined {
    const at = this.#at, own = `${at}.${thisProcess()}`;
    try {
      const note = readFileSync(at, "utf8"), [upload, owner = "", state] = note.split("\n");
      if (state !== this.#state || !isProcessGone(owner)) return undefined;
      renameSync(at, own); // one program at once succeeds
      const isIt = readFileSync(own, "utf8") === note;
      rmSync(own);
      return isIt ? upload : undefined;
    } catch { // none
      return undefined;
    }
  }

  /** Returns whether a save after the end of its owner can go on. */
  write(upload: string, owner: string = thisProcess()): boolean {
    try {
      mkdirSync(dirname(this.#at), { recursive: true, mode: 0o700 });
      writeFileSync(this.#at, [upload, owner, this.#state].join("\n"), { mode: 0o600 });
      return true;
    } catch { // the folder is full or denied
      return false;
    }
  }

  /** Lets any save go on, also of this program. Returns false if none can. */
  release(upload: string): boolean {
    return this.write(upload, noProcess());
  }
}

function digestOf(value: unknown): string {
  return sha256(new TextEncoder().encode(JSON.stringify(value)));
}
