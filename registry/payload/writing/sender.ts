// Sending files into a payload: small ones packed while others are on their way, large ones as an
// object each, and what others have too not at all.
import type { Encoding, StoredFile } from "../../../core/record.ts";
import type { SideBySide } from "../../../core/work/side_by_side.ts";
import type {
  FileFacts,
  FileToPack,
  PackedFilesReply,
  PackFilesJob,
  StoredFileReply,
  StoreFileJob,
} from "../job_kinds.ts";
import { changedWhileSaving, type LargeContent, sizeOf, type SmallContent } from "../content.ts";
import { type Known, KnownFiles } from "../known.ts";
import type { WriteProgress } from "./progress.ts";

/** A pack is sent when it has so many plain bytes. */
const PACK_BYTES = 8 * 1024 * 1024;
/** What stores hold of one object at most while they send it: some parts of it. */
const HELD_OF_LARGE_BYTES = 40 * 1024 * 1024;

export type Sent<T> = T & { object: number };

export interface SendTo {
  storeFile(job: Omit<StoreFileJob, "to">, signal: AbortSignal): Promise<Sent<StoredFileReply>>;
  packFiles(job: Omit<PackFilesJob, "to">, signal: AbortSignal): Promise<Sent<PackedFilesReply>>;
  known(size: number): Known | undefined;
  /** Puts into a file where others have it. False where they have it no more. */
  share(file: StoredFile): Promise<boolean>;
  drop(object: number): Promise<void>;
}

export interface SmallFile {
  file: StoredFile;
  content: SmallContent;
  /** What it is, where its bytes are stored as they come. */
  as?: FileFacts;
}

export interface SenderOptions {
  tasks: SideBySide;
  compress?: Encoding;
  progress: WriteProgress;
}

export class Sender {
  readonly #to: SendTo;
  readonly #options: SenderOptions;
  /** Equal files of one payload are stored once. */
  readonly #here = new KnownFiles();
  #pack: SmallFile[] = [];
  #packBytes = 0;

  constructor(to: SendTo, options: SenderOptions) {
    this.#to = to;
    this.#options = options;
  }

  async addSmall(small: SmallFile): Promise<void> {
    const size = sizeOf(small.content);
    if (this.#pack.length > 0 && this.#packBytes + size > PACK_BYTES) await this.#sendPack();
    this.#pack.push(small);
    this.#packBytes += size;
  }

  /** Begins to send a large file; one whose content passes is stored when this returns. */
  async addLarge(
    file: StoredFile,
    content: LargeContent,
    { as, passing = false }: { as?: FileFacts; passing?: boolean },
  ): Promise<void> {
    const { tasks, compress } = this.#options;
    try {
      const known = content.repeatable && content.size !== undefined && as === undefined
        ? this.#to.known(content.size)
        : undefined;
      const weight = Math.min(content.size ?? Infinity, HELD_OF_LARGE_BYTES);
      const job = { path: file.path, content, compress, known, as };
      const stored = () => this.#storeLarge(file, job).finally(content.cancel);
      const ended = await tasks.begin(weight, stored);
      if (passing) await ended();
    } catch (error) {
      await content.cancel?.(); // where it was not begun
      throw error;
    }
  }

  /** Puts into a file where this payload, or another, has it. False if none has. */
  async share(file: StoredFile): Promise<boolean> {
    if (!this.#shareHere(file) && !await this.#to.share(file)) return false;
    this.#options.progress.count(file.size);
    return true;
  }

  async end(): Promise<void> {
    await this.#sendPack();
    await this.#options.tasks.end();
  }

  async #storeLarge(file: StoredFile, job: Omit<StoreFileJob, "to">): Promise<void> {
    const { tasks, progress } = this.#options;
    const { object, parts, info: _, ...facts } = await this.#to.storeFile(job, tasks.signal);
    if (file.sha256 !== "" && file.sha256 !== facts.sha256) throw changedWhileSaving(file.path);
    take(file, facts);
    if (parts !== undefined) {
      file.parts = parts.map((part) => ({ object, ...part }));
      if (this.#shareHere(file)) await this.#to.drop(object); // the same came at the same time
      else this.#here.add(file);
      if (job.as !== undefined) {
        progress.count(facts.size - parts.reduce((sum, { size }) => sum + size, 0));
      }
    } else if (!await this.share(file)) {
      await this.#storeLarge(file, { ...job, known: undefined });
    }
  }

  async #sendPack(): Promise<void> {
    if (this.#pack.length === 0) return;
    const files = this.#pack, bytes = this.#packBytes;
    this.#pack = [];
    this.#packBytes = 0;
    await this.#options.tasks.begin(2 * bytes, () => this.#storePack(files)); // each file, and all of them in one
  }

  /** Stores small files as one object. Those that others had and lost are stored again, shared with none. */
  async #storePack(files: readonly SmallFile[], sharing = true): Promise<void> {
    const { tasks, compress } = this.#options;
    const sizes = sharing ? new Set(files.map(({ content }) => sizeOf(content))) : [];
    const known = new Set(Array.from(sizes, (size) => this.#knownOf(size)).flat());
    const packed = files.map(({ file, content, as }): FileToPack => ({
      path: file.path,
      content,
      as,
    }));
    const job = { files: packed, compress, known };
    const { object, files: stored } = await this.#to.packFiles(job, tasks.signal);
    const again: SmallFile[] = [];
    for (const [i, { part, ...facts }] of stored.entries()) {
      const { file } = files[i];
      take(file, facts);
      if (part !== undefined) {
        file.parts = [{ object, ...part }];
        this.#here.add(file);
      } else if (!await this.share(file)) again.push(files[i]);
    }
    if (again.length > 0) await this.#storePack(again, false);
  }

  #knownOf(size: number): string[] {
    return [...this.#to.known(size) ?? [], ...this.#here.bySize.get(size) ?? []];
  }

  #shareHere(file: StoredFile): boolean {
    const same = this.#here.same(file);
    if (same === undefined) return false;
    delete file.encoding;
    const { parts, encoding } = same;
    Object.assign(file, { parts }, encoding === undefined ? {} : { encoding });
    return true;
  }
}

function take(file: StoredFile, { size, sha256, encoding }: FileFacts): void {
  delete file.encoding;
  Object.assign(file, { size, sha256 }, encoding === undefined ? {} : { encoding });
}
