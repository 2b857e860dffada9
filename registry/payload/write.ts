/**
 * Writing the files of a version: inline where they are small, packed together, or as an object each, several of them
 * at once; files that the base has too are shared.
 *
 * @module
 */
import { sha256 } from "../../core/bytes/digest.ts";
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import { createSideBySide } from "../../core/work/side_by_side.ts";
import type { SideBySide } from "../../core/work/side_by_side.ts";
import type { Base } from "./base.ts";
import { changedWhileSaving, createPathCheck, openContent, SMALL_FILE_BYTES } from "./content.ts";
import type { Content } from "./content.ts";
import { encodeBytes } from "./encoding.ts";
import type { StoredContent } from "./stored_content.ts";
import { createHeldFiles } from "./writing/held.ts";
import { createLargeFiles } from "./writing/large_file.ts";
import type { LargeFiles } from "./writing/large_file.ts";
import { createPack } from "./writing/pack.ts";
import type { Pack } from "./writing/pack.ts";
import { createSaveProgress } from "./writing/progress.ts";
import { createUploads } from "./writing/uploads.ts";
import type { PayloadOperation, PayloadStore, Uploads } from "./writing/uploads.ts";

export type { PayloadOperation, PayloadStore } from "./writing/uploads.ts";

/** Files up to this size in all, as stored, live in the record itself. */
export const INLINE_BYTES = 64 * 1024;
/** Objects of one payload that are on their way at once. */
const AT_ONCE = 16;
/** Memory that they may take together, as far as can be told. */
const ROOM_BYTES = 96 * 1024 * 1024;
/** What stores hold of one object at most while they send it: some parts of it. */
const HELD_OF_LARGE_BYTES = 40 * 1024 * 1024;

/** Where files are written to, and which need not be. */
export interface PayloadTarget {
  /** The payload folder. */
  folder: string;
  /** The version whose files may be shared. */
  base?: Pick<Base, "sizes" | "share">;
}

/** How files are written. */
export interface WriteOptions {
  /** Compression. */
  compress?: Encoding;
  /** Hears of bytes as they move. */
  onProgress?: (progress: TransferProgress) => void;
  /** Each file is stored before the next is asked for: its content cannot be read any more then. @default only what a generator gives as bytes or streams */
  oneByOne?: boolean;
  /** Called once, before the first object is written: where to, and what may be shared. */
  begin(): Promise<PayloadTarget>;
}

/** What was written. */
export interface WrittenPayload {
  /** The files, in the order they came. */
  files: StoredFile[];
  /** The inline bytes, in that order. */
  inline: Uint8Array[];
  /** Bytes of all plain files. */
  size: number;
  /** True when files of the base are shared. */
  sharing: boolean;
  /** Writes the shared files after all: the base is no longer live. */
  unshare(produce: () => FilesToSave): Promise<void>;
  /** Writes one more object and says where it is. */
  append(bytes: Uint8Array): Promise<{ object: number; size: number; sha256: string }>;
  /** Removes what was written, as far as possible: nothing will refer to it. */
  discard(): Promise<void>;
}

/** Where objects go, from the moment that there is one. */
interface Sending {
  base: PayloadTarget["base"];
  uploads: Uploads;
  tasks: SideBySide;
  pack: Pack;
  large: LargeFiles;
}

/** Writes files. On a failure nothing stays but what the janitor collects. */
export async function writePayload(
  context: PayloadStore,
  operation: PayloadOperation,
  produced: FilesToSave,
  options: WriteOptions,
): Promise<WrittenPayload> {
  const { compress } = options;
  const files: StoredFile[] = [];
  const inline: Uint8Array[] = [];
  const checkPath = createPathCheck();
  const held = createHeldFiles();
  const shared = new Map<string, StoredFile>();
  const progress = createSaveProgress(options.onProgress);
  let sending: Sending | undefined;

  try {
    await addAll(produced, add);
  } catch (error) {
    await discard();
    throw error;
  }
  if (sending === undefined) inline.push(...held.placeInline());
  return {
    files,
    inline,
    get size() {
      return files.reduce((sum, { size }) => sum + size, 0);
    },
    get sharing() {
      return shared.size > 0;
    },
    unshare,
    async append(bytes) {
      const { uploads } = await begin();
      const object = uploads.next();
      await uploads.put(object, bytes, { size: bytes.byteLength });
      return { object, size: bytes.byteLength, sha256: sha256(bytes) };
    },
    discard,
  };

  /** Adds files in the order in which they are given. When this returns, or throws, nothing is on its way. */
  async function addAll(given: FilesToSave, addFile: typeof add): Promise<void> {
    const checks: FileToSave[] = [];
    const addNext = async (file: FileToSave, generated: boolean) => {
      if (file.check !== undefined) checks.push(file);
      await addFile(file, generated);
    };
    try {
      const all = Symbol.asyncIterator in given ? given : await given;
      const generated = !Array.isArray(all);
      if (Symbol.asyncIterator in all) { for await (const file of all) await addNext(file, generated); }
      else for (const file of all) await addNext(file, generated);
      await sending?.pack.flush();
      await sending?.tasks.end();
      for (const file of checks) file.check!();
    } catch (error) {
      await sending?.tasks.stop(error);
      throw error;
    }
  }

  async function add(file: FileToSave, generated: boolean): Promise<void> {
    operation.signal?.throwIfAborted();
    checkPath(file);
    const content = await openContent(file);
    const { path, mediaType, mode } = file;
    const stored: StoredFile = { path, size: 0, sha256: "" };
    if (mediaType !== undefined) stored.mediaType = mediaType;
    if (mode !== undefined) stored.mode = mode;
    files.push(stored);
    await addContent(stored, content, isPassing(file, generated));
  }

  /** Whether content is its maker's again once the next file is asked for. */
  function isPassing({ content }: FileToSave, generated: boolean): boolean {
    return options.oneByOne === true || content instanceof ReadableStream ||
      (generated && content instanceof Uint8Array);
  }

  async function addContent(file: StoredFile, content: Content, passing: boolean): Promise<void> {
    if (content.kind === "stored") await addStored(file, content.stored);
    else if (content.kind === "small") await addSmall(file, content.bytes);
    else {
      try {
        await addLarge(file, content, passing);
      } catch (error) {
        await content.cancel?.(); // where it was not begun
        throw error;
      }
    }
  }

  async function addSmall(file: StoredFile, bytes: Uint8Array): Promise<void> {
    file.size = bytes.byteLength;
    file.sha256 = sha256(bytes);
    progress.moved(file.path, file.size);
    const encoded = compress === undefined ? bytes : encodeBytes(bytes, compress);
    const smaller = encoded.byteLength < bytes.byteLength;
    if (smaller) file.encoding = compress;
    await hold(file, smaller ? encoded : bytes);
  }

  async function hold(file: StoredFile, bytes: Uint8Array): Promise<void> {
    held.add(file, bytes);
    if (sending !== undefined || held.size > INLINE_BYTES) await begin();
  }

  /** What the base has too is not even read; what is read stays as it is stored. */
  async function addStored(file: StoredFile, content: StoredContent): Promise<void> {
    Object.assign(file, content.facts);
    if (!content.inline && await share(file, (await begin()).base)) return progress.count(file.size);
    if (content.size <= SMALL_FILE_BYTES) {
      progress.count(file.size);
      return await hold(file, await content.bytes());
    }
    const { pack, uploads, tasks, large } = await begin();
    await pack.flush();
    const object = uploads.next();
    await tasks.begin(weightOf(content.size), () => large.move(file, content, object));
  }

  async function addLarge(file: StoredFile, content: Content & { kind: "large" }, passing: boolean): Promise<void> {
    const { base, pack, uploads, tasks, large } = await begin();
    if (content.repeatable && base?.sizes.has(content.size!)) {
      await large.look(file, content.chunks());
      if (await share(file, base)) return progress.count(file.size);
    }
    await pack.flush();
    const object = uploads.next();
    const copies = context.backend.copy !== undefined;
    const ended = await tasks.begin(weightOf(content.size), async () => {
      await large.store(file, content, { object, compress, copies }).finally(content.cancel);
    });
    if (passing) await ended();
  }

  /** From here on files go to the payload folder: those held for the record first. */
  async function begin(): Promise<Sending> {
    if (sending === undefined) {
      const { folder, base } = await options.begin();
      const tasks = createSideBySide({ atOnce: AT_ONCE, room: ROOM_BYTES, signal: operation.signal });
      const { signal } = tasks;
      const uploads = createUploads(context, operation, { folder, signal });
      const pack = createPack(uploads, tasks);
      sending = { base, uploads, tasks, pack, large: createLargeFiles({ uploads, progress, signal }) };
    }
    for (const { file, bytes } of held.take()) {
      if (!await share(file, sending.base)) await sending.pack.add(file, bytes);
    }
    return sending;
  }

  async function share(file: StoredFile, base: PayloadTarget["base"]): Promise<boolean> {
    const { encoding: _, ...plain } = file;
    const same = await base?.share(plain);
    if (same === undefined) return false;
    delete file.encoding;
    Object.assign(file, same);
    shared.set(file.path, file);
    return true;
  }

  async function unshare(produce: () => FilesToSave): Promise<void> {
    const pending = new Map(shared);
    shared.clear();
    sending!.base = undefined;
    progress.repeat();
    const again: { stored: StoredFile; before: StoredFile }[] = [];
    await addAll(produce(), async (file, generated) => {
      const stored = pending.get(file.path);
      if (stored === undefined) return;
      pending.delete(file.path);
      again.push({ stored, before: { ...stored } });
      for (const field of ["from", "parts", "encoding"] as const) delete stored[field];
      await addContent(stored, await openContent(file), isPassing(file, generated));
    });
    for (const { stored, before } of again) {
      if (stored.size !== before.size || stored.sha256 !== before.sha256) throw changedWhileSaving(stored.path);
    }
    const [missing] = pending.keys();
    if (missing !== undefined) throw changedWhileSaving(missing);
  }

  /** Not where the record may be there, and refer to it. */
  async function discard(): Promise<void> {
    if (!operation.unresolved) await sending?.uploads.discard();
  }
}

function weightOf(size = Infinity): number {
  return Math.min(size, HELD_OF_LARGE_BYTES);
}
