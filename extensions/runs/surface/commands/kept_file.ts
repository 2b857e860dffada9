// A file for points that cannot be sent.
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new file in the current folder, or in that for temporary files. */
export class KeptFile {
  readonly path: string;
  readonly #file: FileHandle;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  /** Creates a file for a run. Throws if neither folder takes one. */
  static async create(cwd: string, run: readonly string[]): Promise<KeptFile> {
    const stem = run.map((text) => text.replaceAll(/[^\w.-]+/g, "_")).join("-").slice(0, 100);
    let failure: unknown;
    for (const folder of [cwd, tmpdir()]) {
      for (let n = 1; n <= 100; n++) {
        const path = join(folder, `${stem}${n === 1 ? "" : `-${n}`}.points.jsonl`);
        try {
          return new KeptFile(path, await open(path, "wx"));
        } catch (error) {
          failure = error;
          if ((error as NodeJS.ErrnoException).code !== "EEXIST") break;
        }
      }
    }
    throw failure;
  }

  async write(text: string): Promise<void> {
    await this.#file.writeFile(text);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
