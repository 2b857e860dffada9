/**
 * Writing the files of a version: inline where they are small, packed together, or as an object each; files that
 * the base has too are shared.
 *
 * @module
 */
import { concatBytes, iterableStream } from "../../core/bytes.ts";
import type { Body, ObjectInfo, PutOptions, PutResult } from "../../core/backend.ts";
import { createSha256, sha256 } from "../../core/digest.ts";
import { isRegistryError, RegistryError } from "../../core/errors.ts";
import type { FilesToSave, FileToSave } from "../../core/materializer.ts";
import type { Encoding, StoredFile } from "../../core/record.ts";
import type { TransferProgress } from "../../core/registry.ts";
import type { Context } from "../context.ts";
import { ALIVE } from "../layout.ts";
import { removeObjects } from "../remove_objects.ts";
import type { Operation } from "../cell/operation.ts";
import type { Base } from "./base.ts";
import { changedWhileSaving, createPathCheck, openContent, SMALL_FILE_BYTES } from "./content.ts";
import type { Content } from "./content.ts";
import { encodeBytes, encodeStream } from "./encoding.ts";
import type { StoredContent } from "./stored_content.ts";

/** Files up to this size in all, as stored, live in the record itself. */
export const INLINE_BYTES = 64 * 1024;
/** A pack of small files is written when it has so many bytes. */
const PACK_BYTES = 8 * 1024 * 1024;
/** How long removing a payload that was given up may take: who aborts a save does not wait for a store that is silent. */
const DISCARD_MS = 5_000;

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
  /** Called once, before the first object is written: where to, and what may be shared. */
  begin(): Promise<PayloadTarget>;
}

/** All that writing a payload takes of an operation. */
export type PayloadOperation = Pick<
  Operation,
  "action" | "signal" | "unresolved" | "checkSend" | "moment" | "ageMs" | "noteReply" | "renew"
>;

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

/** All that writing a payload takes of a registry. */
export type PayloadStore = Pick<Context, "backend" | "logger"> & { settings: { graceMs: number } };

/** Writes files. On a failure nothing stays but what the janitor collects. */
export async function writePayload(
  context: PayloadStore,
  operation: PayloadOperation,
  produced: FilesToSave,
  options: WriteOptions,
): Promise<WrittenPayload> {
  const { compress, onProgress } = options;
  const files: StoredFile[] = [];
  const checkPath = createPathCheck();
  const held: { file: StoredFile; bytes: Uint8Array }[] = [];
  const shared = new Map<string, StoredFile>();
  let heldBytes = 0, size = 0;
  let target: PayloadTarget | undefined;
  let pack: Uint8Array[] = [], packBytes = 0, objects = 0;
  let keepAlive = () => Promise.resolve();

  const payload: WrittenPayload = {
    files,
    inline: [],
    get size() {
      return size;
    },
    get sharing() {
      return shared.size > 0;
    },
    unshare,
    async append(bytes) {
      await begin();
      const object = objects++;
      await put(String(object), bytes, { size: bytes.byteLength });
      return { object, size: bytes.byteLength, sha256: sha256(bytes) };
    },
    discard,
  };
  try {
    if (Symbol.asyncIterator in produced) { for await (const file of produced) await add(file); }
    else for (const file of await produced) await add(file);
    await flush();
  } catch (error) {
    await discard();
    throw error;
  }
  if (target === undefined) inlineHeld();
  return payload;

  async function add(file: FileToSave): Promise<void> {
    operation.signal?.throwIfAborted();
    checkPath(file);
    const content = await openContent(file);
    const { path, mediaType, mode } = file;
    const stored: StoredFile = { path, size: 0, sha256: "" };
    if (mediaType !== undefined) stored.mediaType = mediaType;
    if (mode !== undefined) stored.mode = mode;
    files.push(stored);
    await addContent(stored, content);
    size += stored.size;
  }

  async function addContent(file: StoredFile, content: Content): Promise<void> {
    if (content.kind === "stored") await addStored(file, content.stored);
    else if (content.kind === "large") await addLarge(file, content).finally(content.cancel);
    else await addSmall(file, content.bytes);
  }

  async function addSmall(file: StoredFile, bytes: Uint8Array): Promise<void> {
    file.size = bytes.byteLength;
    file.sha256 = sha256(bytes);
    onProgress?.({ path: file.path, bytes: size + file.size });
    const encoded = compress === undefined ? bytes : encodeBytes(bytes, compress);
    const smaller = encoded.byteLength < bytes.byteLength;
    if (smaller) file.encoding = compress;
    await hold(file, smaller ? encoded : bytes);
  }

  async function hold(file: StoredFile, bytes: Uint8Array): Promise<void> {
    held.push({ file, bytes });
    heldBytes += bytes.byteLength;
    if (target !== undefined || heldBytes > INLINE_BYTES) await begin();
  }

  /** What the base has too is not even read; what is read stays as it is stored. */
  async function addStored(file: StoredFile, content: StoredContent): Promise<void> {
    Object.assign(file, content.facts);
    if (!content.inline) {
      await begin();
      if (await share(file)) return;
    }
    if (content.size <= SMALL_FILE_BYTES) return await hold(file, await content.bytes());
    await flush();
    const object = objects++;
    const sent = { path: file.path, size: 0, sha256: "" };
    await put(String(object), iterableStream(measured(sent, content.chunks(), true)), { size: content.size });
    file.parts = [{ object, size: sent.size, ...(file.encoding === undefined ? {} : { sha256: sent.sha256 }) }];
  }

  /** From here on files go to the payload folder: those held for the record first. */
  async function begin(): Promise<void> {
    if (target === undefined) {
      target = await options.begin();
      keepAlive = createKeepAlive(operation, context.settings.graceMs, () => send(ALIVE, new Uint8Array(), {}));
    }
    for (const { file, bytes } of held.splice(0)) {
      if (!await share(file)) await packFile(file, bytes);
    }
    heldBytes = 0;
  }

  async function share(file: StoredFile): Promise<boolean> {
    const { encoding: _, ...plain } = file;
    const same = await target!.base?.share(plain);
    if (same === undefined) return false;
    delete file.encoding;
    Object.assign(file, same);
    shared.set(file.path, file);
    return true;
  }

  async function packFile(file: StoredFile, bytes: Uint8Array): Promise<void> {
    if (packBytes > 0 && packBytes + bytes.byteLength > PACK_BYTES) await flush();
    const sum = file.encoding === undefined ? {} : { sha256: sha256(bytes) };
    file.parts = [{ object: objects, offset: packBytes, size: bytes.byteLength, ...sum }];
    pack.push(bytes);
    packBytes += bytes.byteLength;
  }

  async function flush(): Promise<void> {
    if (pack.length === 0) return;
    const bytes = concatBytes(pack);
    pack = [];
    packBytes = 0;
    await put(String(objects++), bytes, { size: bytes.byteLength });
  }

  async function addLarge(file: StoredFile, content: Content & { kind: "large" }): Promise<void> {
    await begin();
    let expected: string | undefined;
    if (content.repeatable && target!.base?.sizes.has(content.size!)) {
      await drain(file, content.chunks(), false);
      if (await share(file)) return;
      expected = file.sha256;
    }
    await flush();
    const object = objects++;
    if (content.copyFrom !== undefined && compress === undefined && context.backend.copy !== undefined) {
      await copy(content.copyFrom, String(object));
      await drain(file, copied(file, String(object)), true); // the record says what the copy holds
      if (file.size !== content.size) throw changedWhileSaving(file.path);
      file.parts = [{ object, size: file.size }];
      return;
    }
    const plain = measured(file, content.chunks(), true);
    if (compress === undefined) {
      await put(String(object), iterableStream(plain), { size: content.size });
      file.parts = [{ object, size: file.size }];
    } else {
      const stored = { path: file.path, size: 0, sha256: "" };
      await put(String(object), iterableStream(measured(stored, encodeStream(plain, compress), false)), {});
      file.encoding = compress;
      file.parts = [{ object, size: stored.size, sha256: stored.sha256 }];
    }
    if (expected !== undefined && expected !== file.sha256) throw changedWhileSaving(file.path);
  }

  async function drain(file: StoredFile, chunks: AsyncIterable<Uint8Array>, moving: boolean): Promise<void> {
    for await (const _ of measured(file, chunks, moving));
  }

  /** Passes chunks on, and leaves their size and digest in `file`. */
  async function* measured(
    file: { path: string; size: number; sha256: string },
    chunks: AsyncIterable<Uint8Array>,
    moving: boolean,
  ): AsyncGenerator<Uint8Array> {
    const hash = createSha256();
    let count = 0;
    for await (const chunk of chunks) {
      operation.signal?.throwIfAborted();
      hash.update(chunk);
      count += chunk.byteLength;
      if (moving) onProgress?.({ path: file.path, bytes: size + count });
      yield chunk;
      await keepAlive();
    }
    file.size = count;
    file.sha256 = hash.digest();
  }

  async function put(object: string, body: Body, putOptions: PutOptions): Promise<void> {
    await keepAlive();
    const info = await send(object, body, putOptions);
    if (info !== undefined) operation.noteReply(info);
  }

  /** Copies an object of the same store into the payload. */
  async function copy(from: string, object: string): Promise<void> {
    await keepAlive();
    const to = `${target!.folder}${object}`;
    const info = await sending(async () => ({
      written: true,
      info: await context.backend.copy!(from, to, { signal: operation.signal }),
    }));
    operation.noteReply(info!);
  }

  async function* copied(file: StoredFile, object: string): AsyncGenerator<Uint8Array> {
    const found = await context.backend.get(`${target!.folder}${object}`, { signal: operation.signal });
    if (found === undefined) throw changedWhileSaving(file.path);
    yield* found.body;
  }

  function send(object: string, body: Body, putOptions: PutOptions): Promise<ObjectInfo | undefined> {
    const options = { ...putOptions, signal: operation.signal };
    return sending(() => context.backend.put(`${target!.folder}${object}`, body, options));
  }

  /** Sends an object of the payload. Whatever becomes of it, nothing is committed by it. */
  async function sending(request: () => Promise<PutResult>): Promise<ObjectInfo | undefined> {
    operation.checkSend();
    try {
      const result = await request();
      return result.written ? result.info : undefined;
    } catch (error) {
      if (!isRegistryError(error) || (!error.maybeWritten && error.code !== "Unknown")) throw error;
      throw new RegistryError({
        code: "Unavailable",
        message: `Cannot ${operation.action}: the store did not answer an upload, so nothing was committed`,
        hint: "Try again.",
        key: error.key,
        backend: context.backend.location,
        cause: error,
      });
    }
  }

  async function unshare(produce: () => FilesToSave): Promise<void> {
    const again = produce();
    const pending = new Map(shared);
    shared.clear();
    target = { folder: target!.folder };
    for await (const file of Symbol.asyncIterator in again ? again : await again) {
      const stored = pending.get(file.path);
      if (stored === undefined) continue;
      pending.delete(file.path);
      const before = { size: stored.size, sha256: stored.sha256 };
      for (const field of ["from", "parts", "encoding"] as const) delete stored[field];
      const content = await openContent(file);
      await addContent(stored, content);
      if (stored.size !== before.size || stored.sha256 !== before.sha256) throw changedWhileSaving(file.path);
    }
    await flush();
    const [missing] = pending.keys();
    if (missing !== undefined) throw changedWhileSaving(missing);
  }

  function inlineHeld(): void {
    let offset = 0;
    for (const { file, bytes } of held.splice(0)) {
      file.inline = [offset, bytes.byteLength];
      offset += bytes.byteLength;
      payload.inline.push(bytes);
    }
  }

  async function discard(): Promise<void> {
    if (target === undefined || operation.unresolved) return;
    const keys = [ALIVE, ...Array.from({ length: objects }, (_, object) => String(object))];
    const paths = keys.map((key) => `${target!.folder}${key}`);
    try {
      const failures = await removeObjects(context.backend, paths, AbortSignal.timeout(DISCARD_MS));
      for (const [key, error] of failures) {
        context.logger.debug(`${operation.action}: left "${key}" for the janitor`, error);
      }
    } catch (error) {
      context.logger.debug(`${operation.action}: left what it wrote for the janitor`, error);
    }
  }
}

/**
 * Lets the janitor know, now and then, that an upload is under way: call it often, it mostly does nothing. `send`
 * writes the mark into the payload folder.
 */
export function createKeepAlive(
  operation: PayloadOperation,
  graceMs: number,
  send: () => Promise<ObjectInfo | undefined>,
): () => Promise<void> {
  let aliveAt = operation.moment();
  return async () => {
    if (operation.ageMs(aliveAt) < graceMs / 16) return;
    const sentAt = aliveAt = operation.moment();
    const info = await send();
    if (info !== undefined) operation.renew(info, sentAt);
    aliveAt = operation.moment();
  };
}
