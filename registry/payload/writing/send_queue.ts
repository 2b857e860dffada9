// The files of a payload that are being sent: small ones packed, large ones as an object each,
// several at a time, and known ones not at all.
import { itemAt } from "../../../core/faults/present.ts";
import type { Encoding, StoredFile } from "../../../core/record.ts";
import { inTurns } from "../../../core/work/next_turn.ts";
import { createSideBySide, type SideBySide } from "../../../core/work/side_by_side.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import { changedWhileSaving } from "../../../core/work/source_change.ts";
import { sharesBytes, sizeOfParts } from "../../cell/objects.ts";
import { type Content, PACK_BYTES, PACK_FILES, sizeOf, SMALL_FILE_BYTES } from "../content.ts";
import type {
  ByteSharing,
  FileFacts,
  FileToPack,
  PayloadJobs,
  StoredFileReply,
  UnplacedJob,
} from "../job_kinds.ts";
import { type Known, KnownFiles, pointTo, type Shelf, storedAs } from "../known.ts";
import type { SeenFiles } from "../seen_files.ts";
import { factsOf, type StoredContent } from "../stored_content.ts";
import type { Unfinished } from "../unfinished.ts";
import type { FileToSend, Payload, WriteProgress } from "../write.ts";
import type { CopyTarget, FileToCopy, ObjectCopier } from "./copy_stored.ts";

const AT_ONCE = 16;
/** Memory for concurrent uploads, as far as it is known. */
const ROOM_BYTES = 96 * 1024 * 1024;
/** Memory of a small file on its way, beside its bytes. */
const HELD_OF_SMALL_BYTES = 1024;
/** Maximum memory that a store needs to send one object in parts. */
const HELD_OF_LARGE_BYTES = 40 * 1024 * 1024;

export type Sent<T> = T & { object: number };

/** The folder of the objects of a payload. */
export interface ObjectFolder extends Partial<ObjectCopier> {
  /** Stores one object by a job. */
  run<N extends "storeFile" | "packFiles">(
    kind: N,
    job: UnplacedJob<N>,
    signal: AbortSignal,
  ): Promise<Sent<PayloadJobs[N]["result"]>>;
  drop(object: number): Promise<void>;
}

/** The folder that a save, or a job that stores a value, sends files to, and what is stored already. */
export interface Destination extends CopyTarget {
  readonly folder: ObjectFolder;
  readonly base?: Shelf & { isShared: boolean };
  /** Noted objects of an interrupted save. Their files have no list of chunks. */
  readonly left?: Shelf & Pick<Unfinished, "noteStored">;
  /** Files on disk that need not be read if they are stored. */
  readonly seen?: SeenFiles;
  /** Returns the bytes that a file may share; undefined if it must share none. */
  sharing(file: { path: string; size?: number }, stored?: StoredContent): ByteSharing | undefined;
}

interface SmallFile extends Omit<FileToPack, "path"> {
  file: StoredFile;
}

type LargeFile = Pick<UnplacedJob<"storeFile">, "content" | "as" | "sharing">;

interface SendQueueOptions {
  tasks: SideBySide;
  compress?: Encoding;
  progress: WriteProgress;
}

/** Sends the files of a payload. No request is pending when this returns or throws. */
export async function sendFiles(payload: Payload, to: Destination): Promise<void> {
  const { compress, progress, signal } = payload.options;
  const tasks = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal });
  const queue = new SendQueue(to, { tasks, compress, progress });
  try {
    for await (const file of payload.rest()) await queue.add(file);
    await queue.end();
    await payload.check();
  } catch (error) {
    await tasks.stop(error);
    throw error;
  }
}

export class SendQueue {
  readonly #to: Destination;
  readonly #options: SendQueueOptions;
  /** Equal files of a payload are stored once. */
  readonly #here = new OwnFiles();
  /** Stored files whose objects the store copies at the end, when all that are used are known. */
  readonly #toCopy: FileToCopy[] = [];
  #pack: SmallFile[] = [];
  #packBytes = 0;

  constructor(to: Destination, options: SendQueueOptions) {
    this.#to = to;
    this.#options = options;
  }

  /** Adds a file. It is not read if it can be shared by what is known of it. */
  async add({ file, content, as, passing }: FileToSend): Promise<void> {
    if (content.kind === "placed" || await this.#shareSeen(file, content)) return;
    if (content.kind === "small") {
      return await this.#addSmall({ file, content: content.content, as });
    }
    if (content.kind === "stored") return await this.#addStored(file, content.stored);
    const { path } = file, { size } = content.content;
    const sharing = this.#to.sharing({ path, size });
    const ended = await this.#addLarge(file, { content: content.content, sharing });
    if (passing) await ended();
  }

  /** Begins to send a file, and returns a wait for its end. */
  async #addLarge(file: StoredFile, large: LargeFile): Promise<() => Promise<void>> {
    const { path } = file, { content } = large, { base, left } = this.#to;
    const { compress, tasks } = this.#options;
    const size = content.repeatable && large.as === undefined ? content.size : undefined;
    const known = size === undefined ? undefined : base?.known(size);
    const leftDigests = size === undefined ? undefined : left?.known(size);
    const job = { path, ...large, compress, known, leftDigests };
    const weight = Math.min(content.size ?? Infinity, HELD_OF_LARGE_BYTES);
    try {
      return await tasks.begin(weight, () => this.#storeLarge(file, job).finally(content.cancel));
    } catch (error) {
      await content.cancel?.(); // if it was not started
      throw error;
    }
  }

  async #addSmall(small: SmallFile): Promise<void> {
    const size = sizeOf(small.content);
    const { length } = this.#pack;
    const isFull = length === PACK_FILES || this.#packBytes + size > PACK_BYTES;
    if (length > 0 && isFull) await this.#sendPack();
    this.#pack.push(small);
    this.#packBytes += size;
  }

  async end(): Promise<void> {
    if (this.#toCopy.length > 0) {
      const { copyStored } = await import("./copy_stored.ts");
      const left = await copyStored(this.#toCopy, this.#to, this.#options.progress);
      for (const file of left) await this.#sendStored(file);
    }
    await this.#sendPack();
    await this.#options.tasks.end();
  }

  /** Shares stored content, or keeps it to be copied. Otherwise sends it unchanged. */
  async #addStored(file: StoredFile, stored: StoredContent): Promise<void> {
    factsOf(file, stored);
    const { file: { inline, values }, reader: { place }, size } = stored;
    if (!inline && await this.#share(file)) return;
    const shared = this.#to.sharing({ path: file.path, size }, stored);
    // Others share with no earlier one.
    const sharing = sharesBytes(stored.file) ? shared : shared && { values: shared.values };
    const isSent = inline || sharing?.earlier || !place || values ||
      !this.#to.folder.copiesFrom?.(place.backend);
    if (isSent) await this.#sendStored({ file, stored, sharing });
    else this.#toCopy.push({ file, stored, sharing });
  }

  async #sendStored({ file, stored, sharing }: FileToCopy): Promise<void> {
    const { size } = stored, as = factsOf(file, stored);
    if (size <= SMALL_FILE_BYTES) {
      return await this.#addSmall({ file, content: await stored.bytes(), as });
    }
    const content = { size, repeatable: true, chunks: () => stored.chunks(), stored };
    await this.#addLarge(file, { content, as, sharing });
  }

  /** Shares a file on disk that has not changed since it was saved. Returns false to read it. */
  async #shareSeen(file: StoredFile, content: Content): Promise<boolean> {
    const source = content.kind === "large"
      ? content.content.source
      : content.kind === "small" && content.content;
    if (!(source instanceof DiskContent)) return false;
    const sha256 = this.#to.seen?.find(source, file);
    if (sha256 === undefined) return false;
    Object.assign(file, { size: source.size, sha256 });
    if (await this.#share(file)) return true;
    Object.assign(file, { size: 0, sha256: "" });
    return false;
  }

  /** Points a file to its stored bytes in this payload or elsewhere. False if there are none. */
  async #share(file: StoredFile): Promise<boolean> {
    if (!this.#here.take(file) && !await this.#to.base?.take(file)) return false;
    this.#options.progress.count(file.size);
    return true;
  }

  async #shareKnown(file: StoredFile): Promise<boolean> {
    if (await this.#share(file)) return true;
    if (!await this.#to.left?.take(file)) return false;
    this.#here.add(file);
    this.#options.progress.count(file.size);
    return true;
  }

  async #storeLarge(file: StoredFile, job: UnplacedJob<"storeFile">): Promise<void> {
    const { tasks, progress } = this.#options;
    const reply = await this.#to.folder.run("storeFile", job, tasks.signal);
    this.#stored(reply.object, [reply]);
    const { object, parts, values, list, info: _, ...facts } = reply;
    if (file.sha256 !== "" && file.sha256 !== facts.sha256) throw changedWhileSaving(file.path);
    takeFacts(file, facts);
    if (parts !== undefined) {
      file.parts = parts.map((part) => ({ object, ...part }));
      if (values) file.values = { ...values, groups: { object, ...values.groups } };
      if (list !== undefined) await this.#to.lists.keep(facts.sha256, list);
      if (this.#here.take(file)) await this.#to.folder.drop(object); // an equal file was sent concurrently
      else this.#here.add(file);
      if (job.as !== undefined) {
        progress.count(facts.size - sizeOfParts(parts));
      }
    } else if (await this.#shareKnown(file)) {
      if (list !== undefined) await this.#to.lists.keep(facts.sha256, list);
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
    const shelves = [this.#to.base, this.#to.left, this.#here];
    const knownOf = (size: number) => shelves.flatMap((shelf) => shelf?.known(size) ?? []);
    const sizes = new Set(sharing ? files.map(({ content }) => sizeOf(content)) : []);
    const known = new Map(Array.from(sizes, (size) => [size, knownOf(size)]));
    const packed = files.map(({ file: { path }, ...rest }) => ({ path, ...rest }));
    const job = { files: packed, compress, known };
    const { object, files: stored } = await this.#to.folder.run("packFiles", job, tasks.signal);
    this.#stored(object, stored);
    const again: SmallFile[] = [];
    for await (const [i, { parts, ...facts }] of inTurns([...stored.entries()])) {
      const { file } = itemAt(files, i);
      takeFacts(file, facts);
      if (parts !== undefined) {
        file.parts = parts.map((part) => ({ object, ...part }));
        this.#here.add(file);
      } else if (await this.#shareKnown(file)) await progress.moved(file.path, 0); // counted by share
      else again.push(itemAt(files, i));
    }
    if (again.length > 0) await this.#storePack(again, false);
  }

  /** Notes what a job has stored. */
  #stored(
    object: number,
    files: readonly (FileFacts & Pick<StoredFileReply, "parts" | "values">)[],
  ): void {
    const { base, left } = this.#to;
    const isOfBase = ({ parts = [], values }: Pick<StoredFileReply, "parts" | "values">) =>
      values?.base !== undefined || parts.some(({ from }) => from !== undefined);
    if (base !== undefined && files.some(isOfBase)) base.isShared = true;
    left?.noteStored(object, files);
  }
}

/** The files of a payload that have been stored. */
class OwnFiles extends KnownFiles implements Shelf {
  known(size: number): Known | undefined {
    return this.bySize.get(size);
  }

  take(file: StoredFile): boolean {
    const same = this.same(file);
    if (same === undefined) return false;
    const { size, sha256, parts } = same;
    pointTo(file, { size, sha256, ...storedAs(same), parts });
    return true;
  }
}

function takeFacts(file: StoredFile, { size, sha256, encoding }: FileFacts): void {
  pointTo(file, { size, sha256, ...(encoding && { encoding }) });
}
