// The files of a payload that are being sent: small ones packed, large ones as an object each,
// several at a time, and known ones not at all.
import { itemAt } from "../../../core/faults/present.ts";
import type { Encoding, StoredFile } from "../../../core/record.ts";
import type { TransferProgress } from "../../../core/registry.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import type { SideBySide } from "../../../core/work/side_by_side.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import { changedWhileSaving } from "../../../core/work/source_change.ts";
import { type Content, PACK_BYTES, PACK_FILES, sizeOf, SMALL_FILE_BYTES } from "../content.ts";
import type { LargeContent, SmallContent } from "../content.ts";
import type { ByteSharing, FileFacts, PayloadJobs, UnplacedJob } from "../job_kinds.ts";
import { type Known, KnownFiles } from "../known.ts";
import type { SeenFiles } from "../seen_files.ts";
import type { StoredContent } from "../stored_content.ts";

/** Memory of a small file on its way, beside its bytes. */
const HELD_OF_SMALL_BYTES = 1024;
/** Maximum memory that a store needs to send one object in parts. */
const HELD_OF_LARGE_BYTES = 40 * 1024 * 1024;

export type Sent<T> = T & { object: number };

/** The folder that files are sent to, of a save or of a job that stores a value. */
export interface Destination {
  /** Stores one object by a job. */
  run<N extends "storeFile" | "packFiles">(
    kind: N,
    job: UnplacedJob<N>,
    signal: AbortSignal,
  ): Promise<Sent<PayloadJobs[N]["result"]>>;
  drop(object: number): Promise<void>;
  known(size: number): Known | undefined;
  /** Digests of files that an interrupted save left. */
  leftDigests?(size: number): Known | undefined;
  bytesToShare(file: { path: string; size?: number }): ByteSharing | undefined;
  /** Keeps the encoded list of chunks of a file. */
  keepList(sha256: string, list: Uint8Array): void | Promise<void>;
  /** Points a file to its stored bytes elsewhere. False if they are gone. */
  share(file: StoredFile): Promise<boolean>;
  /** Like `share`, with the noted objects of an interrupted save. Their files have no chunk list. */
  shareLeft?(file: StoredFile): Promise<boolean>;
  /** Files on disk that need not be read if they are stored. */
  readonly seenFiles?: SeenFiles;
}

export interface SmallFile {
  file: StoredFile;
  content: SmallContent;
  /** Facts of the file, if its bytes are stored unchanged. */
  as?: FileFacts;
}

export interface FileToSend {
  file: StoredFile;
  content: Content;
  /** True for content that is stored before the next file is read. */
  passing: boolean;
}

interface SendQueueOptions {
  tasks: SideBySide;
  compress?: Encoding;
  progress: WriteProgress;
}

export class SendQueue {
  readonly #to: Destination;
  readonly #options: SendQueueOptions;
  /** Equal files of a payload are stored once. */
  readonly #here = new KnownFiles();
  #pack: SmallFile[] = [];
  #packBytes = 0;

  constructor(to: Destination, options: SendQueueOptions) {
    this.#to = to;
    this.#options = options;
  }

  /** Adds a file. It is not read if it can be shared by what is known of it. */
  async add({ file, content, passing }: FileToSend): Promise<void> {
    if (content.kind === "placed" || await this.#shareSeen(file, content)) return;
    if (content.kind === "stored") return await this.#addStored(file, content.stored);
    if (content.kind === "small") return await this.addSmall({ file, content: content.content });
    const ended = await this.#addLarge(file, content.content);
    if (passing) await ended();
  }

  async addSmall(small: SmallFile): Promise<void> {
    const size = sizeOf(small.content);
    const { length } = this.#pack;
    const isFull = length === PACK_FILES || this.#packBytes + size > PACK_BYTES;
    if (length > 0 && isFull) await this.#sendPack();
    this.#pack.push(small);
    this.#packBytes += size;
  }

  async end(): Promise<void> {
    await this.#sendPack();
    await this.#options.tasks.end();
  }

  /** Adds stored content: shared if possible, otherwise unchanged. */
  async #addStored(file: StoredFile, stored: StoredContent): Promise<void> {
    const as = factsOf(file, stored);
    if (!stored.inline && await this.#share(file)) return;
    if (stored.size <= SMALL_FILE_BYTES) {
      return await this.addSmall({ file, content: await stored.bytes(), as });
    }
    const content = { size: stored.size, repeatable: true, chunks: () => stored.chunks(), stored };
    await this.#addLarge(file, content, { as, comparing: stored.sharesBytes });
  }

  /**
   * Starts to send a large file and returns a wait for it. Without `comparing` it shares bytes with
   * no earlier file, and is read once.
   */
  async #addLarge(
    file: StoredFile,
    content: LargeContent,
    { as, comparing = true }: { as?: FileFacts; comparing?: boolean } = {},
  ): Promise<() => Promise<void>> {
    const { tasks, compress } = this.#options;
    try {
      const size = content.repeatable && as === undefined ? content.size : undefined;
      const known = size === undefined ? undefined : this.#to.known(size);
      const leftDigests = size === undefined ? undefined : this.#to.leftDigests?.(size);
      const weight = Math.min(content.size ?? Infinity, HELD_OF_LARGE_BYTES);
      const shared = this.#to.bytesToShare({ path: file.path, size: content.size });
      const sharing = comparing ? shared : shared && {};
      const job = { path: file.path, content, compress, known, leftDigests, as, sharing };
      return await tasks.begin(weight, () => this.#storeLarge(file, job).finally(content.cancel));
    } catch (error) {
      await content.cancel?.(); // if it was not started
      throw error;
    }
  }

  /** Shares a file on disk that has not changed since it was saved. Returns false to read it. */
  async #shareSeen(file: StoredFile, content: Content): Promise<boolean> {
    const source = content.kind === "large"
      ? content.content.source
      : content.kind === "small" && content.content;
    if (!(source instanceof DiskContent)) return false;
    const sha256 = this.#to.seenFiles?.find(source, file);
    if (sha256 === undefined) return false;
    Object.assign(file, { size: source.size, sha256 });
    if (await this.#share(file)) return true;
    Object.assign(file, { size: 0, sha256: "" });
    return false;
  }

  /** Points a file to its stored bytes in this payload or elsewhere. False if there are none. */
  async #share(file: StoredFile): Promise<boolean> {
    if (!this.#shareHere(file) && !await this.#to.share(file)) return false;
    this.#options.progress.count(file.size);
    return true;
  }

  async #shareKnown(file: StoredFile): Promise<boolean> {
    if (await this.#share(file)) return true;
    if (!await this.#to.shareLeft?.(file)) return false;
    this.#here.add(file);
    this.#options.progress.count(file.size);
    return true;
  }

  async #storeLarge(file: StoredFile, job: UnplacedJob<"storeFile">): Promise<void> {
    const { tasks, progress } = this.#options;
    const reply = await this.#to.run("storeFile", job, tasks.signal);
    const { object, parts, list, info: _, ...facts } = reply;
    if (file.sha256 !== "" && file.sha256 !== facts.sha256) throw changedWhileSaving(file.path);
    take(file, facts);
    if (parts !== undefined) {
      file.parts = parts.map((part) => ({ object, ...part }));
      if (list !== undefined) await this.#to.keepList(facts.sha256, list);
      if (this.#shareHere(file)) await this.#to.drop(object); // an equal file was sent concurrently
      else this.#here.add(file);
      if (job.as !== undefined) {
        progress.count(facts.size - parts.reduce((sum, { size }) => sum + size, 0));
      }
    } else if (await this.#shareKnown(file)) {
      if (list !== undefined) await this.#to.keepList(facts.sha256, list);
    } else await this.#storeLarge(file, { ...job, known: undefined, leftDigests: undefined });
  }

  async #sendPack(): Promise<void> {
    if (this.#pack.length === 0) return;
    const files = this.#pack, bytes = this.#packBytes;
    this.#pack = [];
    this.#packBytes = 0;
    const weight = 2 * bytes + HELD_OF_SMALL_BYTES * files.length; // the files and the pack
    await this.#options.tasks.begin(weight, () => this.#storePack(files));
  }

  /** Stores small files as one object. Known files that turn out to be lost are stored again. */
  async #storePack(files: readonly SmallFile[], sharing = true): Promise<void> {
    const { tasks, compress, progress } = this.#options;
    const sizes = sharing ? new Set(files.map(({ content }) => sizeOf(content))) : [];
    const known = new Set(Array.from(sizes, (size) => this.#knownOf(size)).flat());
    const packed = files.map(({ file: { path }, ...rest }) => ({ path, ...rest }));
    const job = { files: packed, compress, known };
    const { object, files: stored } = await this.#to.run("packFiles", job, tasks.signal);
    const again: SmallFile[] = [];
    for await (const [i, { parts, ...facts }] of inTurns([...stored.entries()])) {
      const { file } = itemAt(files, i);
      take(file, facts);
      if (parts !== undefined) {
        file.parts = parts.map((part) => ({ object, ...part }));
        this.#here.add(file);
      } else if (await this.#shareKnown(file)) await progress.moved(file.path, 0); // counted by share
      else again.push(itemAt(files, i));
    }
    if (again.length > 0) await this.#storePack(again, false);
  }

  #knownOf(size: number): string[] {
    const { bySize } = this.#here;
    return [this.#to.known(size), this.#to.leftDigests?.(size), bySize.get(size)]
      .flatMap((known) => [...known ?? []]);
  }

  #shareHere(file: StoredFile): boolean {
    const same = this.#here.same(file);
    if (same === undefined) return false;
    take(file, same);
    file.parts = same.parts;
    return true;
  }
}

function take(file: StoredFile, { size, sha256, encoding }: FileFacts): void {
  delete file.encoding;
  Object.assign(file, { size, sha256 }, encoding === undefined ? {} : { encoding });
}

/** Copies the facts of stored content, including members that this release does not know. */
export function factsOf(file: StoredFile, { facts }: StoredContent): FileFacts {
  Object.assign(file, facts);
  const { size, sha256, encoding } = facts;
  return { size, sha256, ...(encoding === undefined ? {} : { encoding }) };
}

export interface WriteProgress {
  moved(path: string, bytes: number): void | Promise<void>;
  count(bytes: number): void;
}

/** The sum of what moved. It begins at nothing, and never falls. */
export function createSaveProgress(
  onProgress: ((progress: TransferProgress) => void) | undefined,
): WriteProgress {
  let sum = 0;
  const count = (bytes: number) => void (sum += Math.max(bytes, 0));
  return {
    moved(path, bytes) {
      count(bytes);
      onProgress?.({ path, bytes: sum });
    },
    count,
  };
}
