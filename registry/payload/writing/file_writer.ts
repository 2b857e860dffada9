// Writes files: kept in memory while they fit into a record, otherwise packed together or each in
// its own object, several at a time.
import type { FilesToSave, FileToSave } from "../../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../../core/record.ts";
import { withDeadline } from "../../../core/retry.ts";
import { createSideBySide } from "../../../core/work/side_by_side.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { untilAborted } from "../../../core/work/until_aborted.ts";
import { encodeSmall } from "./store_file.ts";
import type { FileFacts } from "../job_kinds.ts";
import { createPathCheck, openContent, readSmall, SMALL_FILE_BYTES } from "../content.ts";
import type { Content, SmallContent } from "../content.ts";
import type { StoredContent } from "../stored_content.ts";
import { DiskContent } from "../../../disk/disk_file.ts";
import type { SeenFiles } from "../seen_files.ts";
import { Sender, type SendTo, type WriteProgress } from "./sender.ts";
import { fileFacts } from "../../../core/registry/file_facts.ts";

/** Files up to this total size, as stored, are in the record. */
export const INLINE_BYTES = 64 * 1024;
const AT_ONCE = 16;
/** Small files are written without waiting for anything, so other work would wait for all. */
const CHARACTERS_IN_A_TURN = 50_000, CHARACTERS_OF_FILE = 100;
/** Memory for concurrent uploads, as far as it is known. */
const ROOM_BYTES = 96 * 1024 * 1024;

export interface FileWriterOptions {
  compress?: Encoding;
  progress: WriteProgress;
  signal?: AbortSignal;
}

interface Held {
  file: StoredFile;
  content: SmallContent;
  as?: FileFacts;
  bytes: Uint8Array;
}

interface Taken {
  file: StoredFile;
  content: Content;
  passing: boolean;
}

/** The files given to a writer, and the position in them. */
interface Given {
  rest: ArrayIterator<FileToSave> | AsyncGenerator<FileToSave>;
  /** All files, if they came as a list. */
  listed?: FileToSave[];
  /** The last opened file, if it does not fit into the record. */
  next?: Taken;
}

/**
 * Writes files in two steps: `gather` reads files while they fit into the record; `send` stores
 * them if some do not. Only `send` needs a folder.
 */
export class FileWriter {
  readonly files: StoredFile[] = [];
  readonly inline: Uint8Array[] = [];
  readonly #options: FileWriterOptions;
  readonly #checks: FileToSave[] = [];
  readonly #checkPath: (file: FileToSave) => void = createPathCheck();
  readonly #held: Held[] = [];
  #heldBytes = 0;
  #characters = 0; // since the last turn
  #given?: Given;

  constructor(options: FileWriterOptions) {
    this.#options = options;
  }

  /** Reads files while they fit into the record. Returns true if that was all of them. */
  async gather(files: FilesToSave): Promise<boolean> {
    const { signal } = this.#options;
    const all = Symbol.asyncIterator in files
      ? files
      : await withDeadline(Promise.resolve(files), { signal });
    const given: Given = this.#given = Array.isArray(all)
      ? { rest: all.values(), listed: all }
      : { rest: untilAborted(all, signal) };
    for (let item = await given.rest.next(); !item.done; item = await given.rest.next()) {
      const taken = await this.#take(item.value, given);
      if (!await this.#hold(taken)) given.next = taken;
      if (given.next !== undefined || this.#heldBytes > INLINE_BYTES) return false;
    }
    await this.#checkAll();
    await this.#placeInline();
    return true;
  }

  /** Stores all files, after `gather`. No request is pending when this returns or throws. */
  async send(to: SendTo): Promise<void> {
    const given = this.#given!;
    const { next, rest } = given;
    const { compress, progress, signal } = this.#options;
    const tasks = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal });
    const sender = new Sender(to, { tasks, compress, progress });
    try {
      for (const { bytes: _, ...file } of this.#held) await sender.addSmall(file);
      const send = async (taken: Taken) => {
        if (!await shareSeen(sender, taken, to.seen)) await add(sender, taken);
      };
      if (next !== undefined) await send(next);
      for await (const file of rest) await send(await this.#take(file, given));
      await sender.end();
      await this.#checkAll();
    } catch (error) {
      await tasks.stop(error);
      throw error;
    }
  }

  /** Closes the files that were not read. */
  async drop(): Promise<void> {
    if (this.#given === undefined) return;
    const { next, rest, listed = [] } = this.#given;
    if (next?.content.kind === "large") await next.content.content.cancel?.();
    await rest.return?.(undefined);
    for (const file of listed) {
      const content = file?.content; // entries may be invalid
      if (content instanceof ReadableStream) closeUnread(content);
    }
  }

  async #take(file: FileToSave, { listed }: Given): Promise<Taken> {
    const { signal, progress } = this.#options;
    signal?.throwIfAborted();
    this.#checkPath(file);
    if (file.check !== undefined) this.#checks.push(file);
    const content = await openContent(file, signal);
    const stored: StoredFile = { path: file.path, size: 0, sha256: "", ...fileFacts(file) };
    if (content.kind === "placed") {
      Object.assign(stored, content.placed.file);
      progress.count(stored.size);
    }
    this.files.push(stored);
    this.#characters += CHARACTERS_OF_FILE + file.path.length; // each folder in a path is checked
    if (this.#characters > CHARACTERS_IN_A_TURN) {
      this.#characters = 0;
      await nextTurn();
    }
    const passing = file.content instanceof ReadableStream ||
      (listed === undefined && file.content instanceof Uint8Array);
    return { file: stored, content, passing };
  }

  /** Holds the bytes of a file for the record. False if the file is too large. */
  async #hold({ file, content }: Taken): Promise<boolean> {
    if (content.kind === "large") return false;
    if (content.kind === "placed") return true;
    if (content.kind === "stored") {
      const { stored } = content;
      if (!stored.inline || stored.size > SMALL_FILE_BYTES) return false;
      const bytes = await stored.bytes();
      const as = factsOf(file, stored);
      this.#keep({ file, content: bytes, as, bytes });
      return true;
    }
    const plain = readSmall(content.content);
    const { facts, bytes } = encodeSmall(plain, this.#options.compress);
    Object.assign(file, facts);
    this.#keep({ file, content: plain, bytes });
    return true;
  }

  #keep(held: Held): void {
    this.#held.push(held);
    this.#heldBytes += held.bytes.byteLength;
  }

  async #placeInline(): Promise<void> {
    let offset = 0;
    for (const { file, bytes } of this.#held) {
      file.inline = [offset, bytes.byteLength];
      offset += bytes.byteLength;
      this.inline.push(bytes);
      await this.#options.progress.moved(file.path, file.size);
    }
  }

  async #checkAll(): Promise<void> {
    for (const file of this.#checks) await file.check!();
  }
}

/** Shares a file on disk that has not changed since it was saved. Returns false to read it. */
async function shareSeen(
  sender: Sender,
  { file, content }: Taken,
  seen?: SeenFiles,
): Promise<boolean> {
  const source = content.kind === "large"
    ? content.content.source
    : content.kind === "small" && content.content;
  if (!(source instanceof DiskContent)) return false;
  const sha256 = seen?.find(source, file);
  if (sha256 === undefined) return false;
  Object.assign(file, { size: source.size, sha256 });
  if (await sender.share(file)) return true;
  Object.assign(file, { size: 0, sha256: "" });
  return false;
}

async function add(sender: Sender, { file, content, passing }: Taken): Promise<void> {
  if (content.kind === "small") await sender.addSmall({ file, content: content.content });
  else if (content.kind === "large") await sender.addLarge(file, content.content, { passing });
  else if (content.kind === "stored") await addStored(sender, file, content.stored);
}

/** Adds stored content: shared without being read if possible, otherwise unchanged. */
async function addStored(sender: Sender, file: StoredFile, stored: StoredContent): Promise<void> {
  const as = factsOf(file, stored);
  if (!stored.inline && await sender.share(file)) return;
  if (stored.size <= SMALL_FILE_BYTES) {
    return await sender.addSmall({ file, content: await stored.bytes(), as });
  }
  const content = { size: stored.size, repeatable: true, chunks: () => stored.chunks(), stored };
  await sender.addLarge(file, content, { as, comparing: stored.sharesBytes });
}

/** Copies the facts of stored content, including members that this release does not know. */
function factsOf(file: StoredFile, { facts }: StoredContent): FileFacts {
  Object.assign(file, facts);
  const { size, sha256, encoding } = facts;
  return { size, sha256, ...(encoding === undefined ? {} : { encoding }) };
}

/** Closes a stream that was never read. */
function closeUnread(stream: ReadableStream): void {
  if (!stream.locked) stream.cancel().catch(() => {}); // the save has failed already
}
