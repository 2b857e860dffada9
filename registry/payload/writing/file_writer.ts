// Writing files: held while they fit into a record, else packed together or an object each, several
// of them at once.
import type { FilesToSave, FileToSave } from "../../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../../core/record.ts";
import { withDeadline } from "../../../core/retry.ts";
import { createSideBySide } from "../../../core/work/side_by_side.ts";
import { untilAborted } from "../../../core/work/until_aborted.ts";
import { encodeSmall } from "./store_file.ts";
import type { FileFacts } from "../job_kinds.ts";
import { createPathCheck, openContent, readSmall, SMALL_FILE_BYTES } from "../content.ts";
import type { Content, SmallContent } from "../content.ts";
import type { StoredContent } from "../stored_content.ts";
import type { WriteProgress } from "./progress.ts";
import { createSender, type Sender, type SendTo } from "./sender.ts";
import { fileFacts } from "../../../core/registry/file_facts.ts";

/** Files up to this size in all, as stored, live in the record itself. */
export const INLINE_BYTES = 64 * 1024;
const AT_ONCE = 16;
/** Memory that they may take together, as far as can be told. */
const ROOM_BYTES = 96 * 1024 * 1024;

export interface FileWriterOptions {
  compress?: Encoding;
  progress: WriteProgress;
  signal?: AbortSignal;
}

/** Writes files, in two steps: where they go need not be known before it is clear that they go somewhere. */
export interface FileWriter {
  readonly files: StoredFile[];
  readonly inline: Uint8Array[];
  gather(files: FilesToSave): Promise<boolean>;
  /** Stores what was taken, and the rest. When this returns, or throws, nothing is on its way. */
  send(to: SendTo): Promise<void>;
  drop(): Promise<void>;
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

export function createFileWriter({ compress, progress, signal }: FileWriterOptions): FileWriter {
  const files: StoredFile[] = [];
  const inline: Uint8Array[] = [];
  const checks: FileToSave[] = [];
  const checkPath = createPathCheck();
  const held: Held[] = [];
  let heldBytes = 0;
  let rest: ArrayIterator<FileToSave> | AsyncGenerator<FileToSave> | undefined;
  let generated = false;
  let listed: FileToSave[] = [];
  let next: Taken | undefined;

  return {
    files,
    inline,

    async gather(given) {
      const all = Symbol.asyncIterator in given
        ? given
        : await withDeadline(Promise.resolve(given), { signal });
      generated = !Array.isArray(all);
      if (!generated) listed = all as FileToSave[];
      rest = generated ? untilAborted(all, signal) : listed.values();
      for (let item = await rest.next(); !item.done; item = await rest.next()) {
        const taken = await take(item.value);
        if (!await hold(taken)) next = taken;
        if (next !== undefined || heldBytes > INLINE_BYTES) return false;
      }
      checkAll();
      await placeInline();
      return true;
    },

    async send(to) {
      const tasks = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal });
      const sender = createSender(to, { tasks, compress, progress });
      try {
        for (const { bytes: _, ...file } of held) await sender.addSmall(file);
        if (next !== undefined) await add(sender, next);
        for await (const file of rest ?? []) await add(sender, await take(file));
        await sender.end();
        checkAll();
      } catch (error) {
        await tasks.stop(error);
        throw error;
      }
    },

    async drop() {
      if (next?.content.kind === "large") await next.content.content.cancel?.();
      await rest?.return?.(undefined);
      for (const file of listed) {
        if (file?.content instanceof ReadableStream) closeUnread(file.content); // or it is none
      }
    },
  };

  async function take(file: FileToSave): Promise<Taken> {
    signal?.throwIfAborted();
    checkPath(file);
    if (file.check !== undefined) checks.push(file);
    const content = await openContent(file, signal);
    const stored: StoredFile = { path: file.path, size: 0, sha256: "", ...fileFacts(file) };
    if (content.kind === "placed") {
      Object.assign(stored, content.placed.file);
      progress.count(stored.size);
    }
    files.push(stored);
    const passing = file.content instanceof ReadableStream ||
      (generated && file.content instanceof Uint8Array);
    return { file: stored, content, passing };
  }

  async function hold({ file, content }: Taken): Promise<boolean> {
    if (content.kind === "large") return false;
    if (content.kind === "placed") return true;
    if (content.kind === "stored") {
      const { stored } = content;
      if (!stored.inline || stored.size > SMALL_FILE_BYTES) return false;
      const bytes = await stored.bytes();
      const as = factsOf(file, stored);
      held.push({ file, content: bytes, as, bytes });
      heldBytes += bytes.byteLength;
      return true;
    }
    const plain = readSmall(content.content);
    const { facts, bytes } = encodeSmall(plain, compress);
    Object.assign(file, facts);
    held.push({ file, content: plain, bytes });
    heldBytes += bytes.byteLength;
    return true;
  }

  async function placeInline(): Promise<void> {
    let offset = 0;
    for (const { file, bytes } of held) {
      file.inline = [offset, bytes.byteLength];
      offset += bytes.byteLength;
      inline.push(bytes);
      await progress.moved(file.path, file.size);
    }
  }

  async function add(sender: Sender, { file, content, passing }: Taken): Promise<void> {
    if (content.kind === "small") await sender.addSmall({ file, content: content.content });
    else if (content.kind === "large") await sender.addLarge(file, content.content, { passing });
    else if (content.kind === "stored") await addStored(sender, file, content.stored);
  }

  /** What others have too is not even read; what is read stays as it is stored. */
  async function addStored(sender: Sender, file: StoredFile, stored: StoredContent): Promise<void> {
    const as = factsOf(file, stored);
    if (!stored.inline && await sender.share(file)) return;
    if (stored.size <= SMALL_FILE_BYTES) {
      return await sender.addSmall({ file, content: await stored.bytes(), as });
    }
    const content = { size: stored.size, repeatable: true, chunks: () => stored.chunks() };
    await sender.addLarge(file, content, { as });
  }

  function checkAll(): void {
    for (const file of checks) file.check!();
  }
}

/** What stored content is; of what this release does not know nothing is lost. */
function factsOf(file: StoredFile, { facts }: StoredContent): FileFacts {
  Object.assign(file, facts);
  const { size, sha256, encoding } = facts;
  return { size, sha256, ...(encoding === undefined ? {} : { encoding }) };
}

/** Closes a stream that nobody began to read. */
function closeUnread(stream: ReadableStream): void {
  if (!stream.locked) stream.cancel().catch(() => {}); // the save has failed already
}
