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

export interface Sender {
  addSmall(file: SmallFile): Promise<void>;
  /** Begins to send a large file; one whose content passes is stored when this returns. */
  addLarge(
    file: StoredFile,
    content: LargeContent,
    how: { as?: FileFacts; passing?: boolean },
  ): Promise<void>;
  share(file: StoredFile): Promise<boolean>;
  end(): Promise<void>;
}

export function createSender(
  to: SendTo,
  { tasks, compress, progress }: {
    tasks: SideBySide;
    compress?: Encoding;
    progress: WriteProgress;
  },
): Sender {
  const { signal } = tasks;
  let pack: SmallFile[] = [];
  let packBytes = 0;
  const here = new KnownFiles(); // equal files of one payload are stored once

  return {
    async addSmall(small) {
      const size = sizeOf(small.content);
      if (pack.length > 0 && packBytes + size > PACK_BYTES) await sendPack();
      pack.push(small);
      packBytes += size;
    },

    async addLarge(file, content, { as, passing = false }) {
      try {
        const known = content.repeatable && content.size !== undefined && as === undefined
          ? to.known(content.size)
          : undefined;
        const weight = Math.min(content.size ?? Infinity, HELD_OF_LARGE_BYTES);
        const stored = () =>
          storeLarge(file, { path: file.path, content, compress, known, as }).finally(
            content.cancel,
          );
        const ended = await tasks.begin(weight, stored);
        if (passing) await ended();
      } catch (error) {
        await content.cancel?.(); // where it was not begun
        throw error;
      }
    },

    share,

    async end() {
      await sendPack();
      await tasks.end();
    },
  };

  async function storeLarge(file: StoredFile, job: Omit<StoreFileJob, "to">): Promise<void> {
    const { object, parts, info: _, ...facts } = await to.storeFile(job, signal);
    if (file.sha256 !== "" && file.sha256 !== facts.sha256) throw changedWhileSaving(file.path);
    take(file, facts);
    if (parts !== undefined) {
      file.parts = parts.map((part) => ({ object, ...part }));
      if (shareHere(file)) await to.drop(object); // the same came at the same time
      else here.add(file);
      if (job.as !== undefined) {
        progress.count(facts.size - parts.reduce((sum, { size }) => sum + size, 0));
      }
    } else if (!await share(file)) await storeLarge(file, { ...job, known: undefined });
  }

  async function sendPack(): Promise<void> {
    if (pack.length === 0) return;
    const files = pack, bytes = packBytes;
    pack = [];
    packBytes = 0;
    await tasks.begin(2 * bytes, () => storePack(files, compress)); // each file, and all of them in one
  }

  async function storePack(
    files: readonly SmallFile[],
    compress: Encoding | undefined,
    sharing = true,
  ): Promise<void> {
    const sizes = sharing ? new Set(files.map(({ content }) => sizeOf(content))) : [];
    const known = new Set(
      Array.from(sizes, (size) => [...to.known(size) ?? [], ...here.bySize.get(size) ?? []]).flat(),
    );
    const packed = files.map(({ file, content, as }): FileToPack => ({
      path: file.path,
      content,
      as,
    }));
    const { object, files: stored } = await to.packFiles(
      { files: packed, compress, known },
      signal,
    );
    const again: SmallFile[] = [];
    for (const [i, { part, ...facts }] of stored.entries()) {
      const { file } = files[i];
      take(file, facts);
      if (part !== undefined) {
        file.parts = [{ object, ...part }];
        here.add(file);
      } else if (!await share(file)) again.push(files[i]);
    }
    if (again.length > 0) await storePack(again, compress, false);
  }

  async function share(file: StoredFile): Promise<boolean> {
    if (!shareHere(file) && !await to.share(file)) return false;
    progress.count(file.size);
    return true;
  }

  function shareHere(file: StoredFile): boolean {
    const same = here.same(file);
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
