// Copies one version into another registry, byte by byte as stored.
import type { SaveOptions } from "../../../mod.ts";
import type { ChunkList } from "../../../core/bytes/content_chunks.ts";
import { isRegistryError } from "../../../core/kernel.ts";
import type { ByteRange, FileToSave } from "../../../materializers/mod.ts";
import type { StoredFile } from "../../../registry/extending.ts";
import { keptMembers, StoredContent, type StoredReader } from "../../../registry/records.ts";
import type { CopySource } from "./copy_source.ts";
import { groupsOf } from "./page_groups.ts";
import { markOfCopy, type MirrorRun, originOf } from "../run.ts";

/** Files whose bytes were copied, and their stored bytes. */
export interface Moved {
  files: number;
  bytes: number;
}

export interface CopyFilesOptions extends Pick<SaveOptions, "onConflict" | "ifCommit"> {
  target: string;
  base: string | undefined;
  /** Generation of the version to write above: nothing counts there or below. */
  above?: number;
  badBase(): void;
}

/** Saves a version of the source as a new generation in the target. */
export async function copyFiles(
  run: MirrorRun,
  copied: CopySource,
  options: CopyFilesOptions,
): Promise<Moved> {
  const { from, to, signal } = run;
  const { target, onConflict, ifCommit, above } = options;
  const { located: { record }, source, list } = copied;
  const reading = { verify: "integrity", signal } as const;
  const reader = new WatchedReader(from.reader(source, reading), run.moved);
  const { materializer, metadata, inputs, createdAt } = record;
  const since = record.since && new Date(record.since).toISOString();
  const artifact = {
    name: target,
    materializer,
    above,
    members: {
      ...keptMembers(record),
      ...markOfCopy(from, record.name),
      createdAt,
      by: record.by,
      origin: originOf(from, record),
      ...(inputs && { inputs }),
      ...(since && { since }),
    },
  };
  const version = to.settings.versioned ? record.version : undefined;
  const save = (base: string | undefined) => {
    const saving = { version, onConflict, ifCommit, metadata, signal };
    const alone = { ...saving, share: "none" } as const;
    if (list === undefined) {
      const whole = { ...artifact, produce: () => toSave(source.files) };
      return to.save(whole, base === undefined ? alone : { ...saving, base });
    }
    const { digest, size } = record, { badBase } = options;
    return to.saveGroups({ ...artifact, digest, size, groups, base, badBase }, alone);
  };
  function toSave(files: readonly StoredFile[]): FileToSave[] {
    return files.map((file) => fileToSave(file, reader));
  }
  async function* groups(): AsyncGenerator<FileToSave[]> {
    try {
      for await (const files of groupsOf(list!)) {
        reader.inner = from.reader({ ...source, files }, reading);
        yield toSave(files);
      }
    } catch (error) {
      await from.orGone(copied.located, error);
    }
  }
  const { base } = options;
  try {
    try {
      await save(base);
    } catch (error) {
      const isBad = reader.failure === undefined &&
        isRegistryError(error, "Corrupt", "NotFound", "Unsupported");
      if (base === undefined || !isBad) throw error;
      options.badBase();
      await save(undefined);
    }
  } catch (error) {
    throw reader.failure === undefined ? error : reader.failure.error;
  }
  return { files: reader.files, bytes: reader.bytes };
}

function fileToSave(file: StoredFile, reader: StoredReader): FileToSave {
  return { ...file, content: new StoredContent(file, reader) };
}

/** Counts what it reads, and remembers if the source failed. */
class WatchedReader implements StoredReader {
  /** Reads the files of the next pages, once another one replaces it. */
  inner: Required<StoredReader>;
  readonly #moved: (bytes: number) => void;
  files = 0;
  bytes = 0;
  failure?: { error: unknown };

  constructor(inner: Required<StoredReader>, moved: (bytes: number) => void) {
    this.inner = inner;
    this.#moved = moved;
  }

  stored(file: StoredFile): ReturnType<StoredReader["stored"]> {
    const bytes = this.inner.stored(file);
    return {
      bytes: async () => {
        this.files++;
        const all = await this.#watch(bytes.bytes());
        this.#count(all);
        return all;
      },
      chunks: () => this.#chunks(bytes.chunks()),
    };
  }

  storedList(file: StoredFile): Promise<ChunkList | undefined> {
    return this.#watch(this.inner.storedList(file));
  }

  storedRanges(
    file: StoredFile,
    ranges: readonly Required<ByteRange>[],
  ): AsyncGenerator<Uint8Array> {
    return this.#chunks(this.inner.storedRanges(file, ranges));
  }

  async *#chunks(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    this.files++;
    const chunks = source[Symbol.asyncIterator]();
    try {
      for (;;) {
        const next = await this.#watch(chunks.next());
        if (next.done) return;
        this.#count(next.value);
        yield next.value;
      }
    } finally {
      await chunks.return?.();
    }
  }

  #count({ byteLength }: Uint8Array): void {
    this.bytes += byteLength;
    this.#moved(byteLength);
  }

  async #watch<T>(reading: Promise<T>): Promise<T> {
    return await reading.catch((error) => {
      this.failure ??= { error };
      throw error;
    });
  }
}
