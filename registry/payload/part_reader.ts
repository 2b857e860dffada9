// Reading the stored bytes of a file, wherever they are: in the record, in a pack with others, or
// in objects of their own, whole or in part.
import type { Backend } from "../../core/backend.ts";
import { createSha256, sha256 } from "../../core/bytes/digest.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { saveAgain } from "../format/record_codec.ts";
import { shown } from "../../core/naming/names.ts";
import type { Part, StoredFile } from "../../core/record.ts";
import type { Verify } from "../../core/registry.ts";
import { createPartCheck, getPart, partsWithin, runsOf } from "../cell/part_runs.ts";
import type { PartRun, PlacedPart } from "../cell/part_runs.ts";
import type { WindowOptions } from "./file_reader.ts";

/** So much of a pack is read at once when a second file of it is wanted. */
const PACK_BYTES = 16 * 1024 * 1024;
/** A range of a larger part is not worth reading the whole, to check it. */
const MAX_CHECKED_PART_BYTES = 8 * 1024 * 1024;

export interface PartSource {
  ref: string;
  recordKey: string;
  inline: Uint8Array;
  keyOf(file: StoredFile, part: Part): string;
  /** Says why an object is not there. Always throws. */
  missing(key: string): Promise<never>;
}

export function otherDigest(digest: string, expected: string): string {
  return `its SHA-256 is ${digest}, and was ${expected} when it was saved`;
}

export interface PartReaderOptions {
  source: PartSource;
  backend: Backend;
  verify: Verify;
  signal?: AbortSignal;
}

export interface PartReader {
  bytes(file: StoredFile, options: { check: boolean }): Promise<Uint8Array>;
  chunks(file: StoredFile, options: WindowOptions & { check: boolean }): AsyncIterable<Uint8Array>;
  range(
    file: StoredFile,
    range: WindowOptions & { offset: number; end: number },
  ): AsyncIterable<Uint8Array>;
  /** The error of bytes that are not as the file's digest says: it names the part that is damaged, where one says so. */
  damaged(file: StoredFile, bytes: Uint8Array, digest: string): RegistryError;
  corrupt(
    file: StoredFile,
    state: string,
    about?: { key?: string; cause?: unknown },
  ): RegistryError;
}

export function createPartReader(
  { source, backend, verify, signal }: PartReaderOptions,
): PartReader {
  let lastPack = "";
  let pack: { key: string; bytes: Promise<Uint8Array> } | undefined;
  let kept: { id: string; bytes: Promise<Uint8Array> } | undefined;
  const readThrough = new Map<string, Promise<void>>();

  return {
    async bytes(file, { check }) {
      if (file.inline !== undefined) return inlineBytes(file);
      const runs = runsOf(file.parts);
      if (runs.length === 1) return await runBytes(file, runs[0], check);
      const whole = new Uint8Array(runs.reduce((sum, { size }) => sum + size, 0));
      for (const run of runs) whole.set(await runBytes(file, run, check), run.start);
      return whole;
    },

    async *chunks(file, options) {
      if (file.inline !== undefined) yield inlineBytes(file);
      for (const run of runsOf(file.parts)) {
        yield* runChunks(file, run, { from: 0, to: run.size, ...options });
      }
    },

    async *range(file, { offset, end, windowBytes }) {
      if (file.inline !== undefined) yield inlineBytes(file).subarray(offset, end);
      for (const run of runsOf(file.parts)) {
        const from = Math.max(offset - run.start, 0), to = Math.min(end - run.start, run.size);
        if (from < to) yield* rangeOfRun(file, run, { from, to, windowBytes });
      }
    },

    damaged(file, bytes, digest) {
      let offset = 0;
      for (const part of file.parts ?? []) {
        const end = offset + part.size;
        if (digestOf(part) !== undefined && sha256(bytes.subarray(offset, end)) !== part.sha256) {
          return damagedPart(file, part);
        }
        offset = end;
      }
      return corrupt(file, otherDigest(digest, file.sha256));
    },

    corrupt,
  };

  function inlineBytes({ inline }: StoredFile): Uint8Array {
    const [offset, length] = inline!;
    return source.inline.slice(offset, offset + length);
  }

  function digestOf(part: Part): string | undefined {
    return verify === "none" ? undefined : part.sha256;
  }

  /** The digest of a part, to check a range of it: that of the file, where the part is all of it. */
  function rangeDigestOf(file: StoredFile, part: Part): string | undefined {
    const isFile = file.encoding === undefined && file.parts!.length === 1;
    return verify === "none" ? undefined : part.sha256 ?? (isFile ? file.sha256 : undefined);
  }

  async function runBytes(file: StoredFile, run: PartRun, check: boolean): Promise<Uint8Array> {
    const [part] = run.parts;
    const bytes = run.parts.length === 1 ? await readPart(file, part) : await readRun(file, run);
    checkSize(file, run, bytes.byteLength);
    if (check) checkOf(file, run, { from: 0, to: run.size })(bytes);
    return bytes;
  }

  async function readRun(file: StoredFile, run: Pick<Part, "offset" | "size"> & { parts: Part[] }) {
    const key = source.keyOf(file, run.parts[0]);
    const object = await getPart(backend, key, run, { signal });
    return object === undefined ? await source.missing(key) : await object.bytes();
  }

  async function readPart(file: StoredFile, part: Part): Promise<Uint8Array> {
    const key = source.keyOf(file, part);
    const { offset, size } = part;
    const inPack = offset !== undefined && offset + size <= PACK_BYTES; // other writers may pack more than this one does
    if (inPack && (pack?.key === key || lastPack === key)) return await fromPack(key, offset, size);
    if (inPack) lastPack = key; // in a pack, and perhaps not the last file that is wanted of it
    return await readRun(file, { ...part, parts: [part] });
  }

  async function fromPack(key: string, offset: number, size: number): Promise<Uint8Array> {
    if (pack?.key !== key) {
      const wanted = pack = { key, bytes: readPack(key) }; // files that are read at the same time wait for the same bytes
      wanted.bytes.catch(() => {
        if (pack === wanted) pack = undefined; // whoever waits hears of the failure, the next one asks again
      });
    }
    return (await pack.bytes).slice(offset, offset + size);
  }

  async function readPack(key: string): Promise<Uint8Array> {
    const object = await backend.get(key, { signal, range: { offset: 0, length: PACK_BYTES } });
    return object === undefined ? await source.missing(key) : await object.bytes();
  }

  /**
   * Reads a range. A part that the range cuts is read whole, to verify it; whole parts between are requested at once.
   * With windows, a cut part is never held in memory: it is verified by an extra read first.
   */
  async function* rangeOfRun(
    file: StoredFile,
    run: PartRun,
    { from, to, windowBytes }: WindowOptions & { from: number; to: number },
  ): AsyncGenerator<Uint8Array> {
    let at = from;
    for (const { part, ...place } of partsWithin(run, from, to)) {
      const isCut = place.from < from || place.to > to;
      if (!isCut || rangeDigestOf(file, part) === undefined || part.size > MAX_CHECKED_PART_BYTES) {
        continue;
      }
      if (windowBytes !== undefined) {
        await checkThrough(file, run, { part, ...place, windowBytes });
        continue;
      }
      const begin = Math.max(place.from, from), end = Math.min(place.to, to);
      if (at < begin) yield* runChunks(file, run, { from: at, to: begin, check: true });
      yield (await keptPart(file, run, part)).slice(begin - place.from, end - place.from);
      at = end;
    }
    if (at < to) yield* runChunks(file, run, { from: at, to, check: true, windowBytes });
  }

  /** Reads a whole part to verify it. Once is enough, as stored bytes never change. */
  async function checkThrough(
    file: StoredFile,
    run: PartRun,
    { part, from, to, windowBytes }: PlacedPart & WindowOptions,
  ): Promise<void> {
    const id = idOf(file, part);
    let checked = readThrough.get(id);
    if (checked === undefined) {
      readThrough.set(id, checked = readPartThrough());
      checked.catch(() => readThrough.delete(id));
    }
    await checked;

    async function readPartThrough(): Promise<void> {
      const hash = createSha256();
      for await (const chunk of runChunks(file, run, { from, to, check: false, windowBytes })) {
        hash.update(chunk);
      }
      if (hash.digest() !== rangeDigestOf(file, part)) throw damagedPart(file, part);
    }
  }

  /** A part of which a range is wanted, checked: the next range is often of the same one. */
  async function keptPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    const id = idOf(file, part);
    if (kept?.id !== id) {
      const wanted = kept = { id, bytes: checkedPart(file, run, part) };
      wanted.bytes.catch(() => {
        if (kept === wanted) kept = undefined;
      });
    }
    return await kept.bytes;
  }

  function idOf(file: StoredFile, part: Part): string {
    return `${source.keyOf(file, part)} ${part.offset ?? 0} ${part.size} ${
      rangeDigestOf(file, part)
    }`;
  }

  async function checkedPart(file: StoredFile, run: PartRun, part: Part): Promise<Uint8Array> {
    const bytes = run.parts.length === 1
      ? await readPart(file, part)
      : await readRun(file, { offset: part.offset ?? 0, size: part.size, parts: [part] });
    checkSize(file, { parts: [part], size: part.size }, bytes.byteLength);
    if (sha256(bytes) !== rangeDigestOf(file, part)) throw damagedPart(file, part);
    return bytes;
  }

  /** Bytes of adjacent parts. Each part that is among them is checked when its last byte has passed. */
  async function* runChunks(
    file: StoredFile,
    run: PartRun,
    { from, to, check, windowBytes = to - from }: WindowOptions & {
      from: number;
      to: number;
      check: boolean;
    },
  ): AsyncGenerator<Uint8Array> {
    const key = source.keyOf(file, run.parts[0]);
    const pass = check ? checkOf(file, run, { from, to }) : undefined;
    let count = 0;
    let end = from;
    do {
      signal?.throwIfAborted();
      const length = Math.min(windowBytes, to - end);
      const object = await getPart(backend, key, run, { offset: end, length, signal });
      if (object === undefined) return await source.missing(key);
      end += length;
      for await (const chunk of object.body) {
        pass?.(chunk);
        count += chunk.byteLength;
        yield chunk;
      }
    } while (end < to && count === end - from);
    if (to - from === run.size) checkSize(file, run, count);
  }

  function checkOf(file: StoredFile, run: PartRun, { from, to }: { from: number; to: number }) {
    const whole = partsWithin(run, from, to).filter((place) =>
      place.from >= from && place.to <= to
    );
    const parts = whole.flatMap(({ part, ...place }) => {
      const digest = digestOf(part);
      return digest === undefined ? [] : [{ part, ...place, digest }];
    });
    const fail = (part: Part): never => {
      throw damagedPart(file, part);
    };
    return createPartCheck({ parts, from, fail });
  }

  function checkSize(
    file: StoredFile,
    { parts, size }: { parts: Part[]; size: number },
    count: number,
  ): void {
    if (count === size) return;
    throw corrupt(file, `a part of it has ${count} bytes, not ${size}`, {
      key: source.keyOf(file, parts[0]),
    });
  }

  function damagedPart(file: StoredFile, part: Part): RegistryError {
    return corrupt(file, "the SHA-256 of a part of it does not match", {
      key: source.keyOf(file, part),
    });
  }

  function corrupt(
    file: StoredFile,
    state: string,
    { key, cause }: { key?: string; cause?: unknown } = {},
  ): RegistryError {
    return fault({
      code: "Corrupt",
      action: "read file",
      subject: `${shown(file.path)} of "${source.ref}"`,
      state,
      ...saveAgain("The stored bytes changed.", "them"),
      key: key ??
        (file.parts?.[0] === undefined ? source.recordKey : source.keyOf(file, file.parts[0])),
      backend: backend.location,
      cause,
    });
  }
}
