/**
 * The caller's side of files that a worker reads.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import type { MaterializeOptions, Materializer } from "../core/materializer.ts";
import type { StoredFile } from "../core/record.ts";
import type { LoadElsewhere } from "../registry/load.ts";
import { createArtifact } from "../registry/payload/read.ts";
import type { PayloadSource, ReadFilesOptions } from "../registry/payload/read.ts";
import type { Slot } from "./slots.ts";
import type { ReadReply, ReadRequest } from "./protocol.ts";
import type { Entry, Shop } from "./shop.ts";
import { reopenOf } from "./wire_value.ts";

/** Reads the files of one entry where that is done first. */
export function readElsewhere({ context, rates, placement, budget, smallBytes }: Shop, entry: Entry): LoadElsewhere {
  const opened = new WeakMap<Artifact, Opened>();
  let takenBytes = 0;
  entry.atEnd(() => budget.give(takenBytes));
  const isSmall = ({ parts, size }: StoredFile) => parts === undefined || size < smallBytes;

  return {
    read(source, how) {
      const artifact = createArtifact(context, source, how);
      // What a cache holds is not worth a worker, and what one fetches would not get into the cache.
      if (context.cache !== undefined || source.files.every(isSmall)) return artifact;
      const open = (file: ArtifactFile, stored: StoredFile): ArtifactFile =>
        isSmall(stored) ? file : {
          ...file,
          bytes: () => entry.ended ? file.bytes() : bytesOf(file, stored, source, how), // a handle may be kept
        };
      const byPath = new Map(source.files.map((stored) => [stored.path, stored]));
      const wrapped: Artifact = {
        info: artifact.info,
        files: () => artifact.files().map((file) => open(file, byPath.get(file.info.path)!)),
        file: (path) => open(artifact.file(path), byPath.get(path)!),
      };
      opened.set(wrapped, { artifact, source, how });
      return wrapped;
    },

    async materialize(materializer, artifact, options) {
      const known = opened.get(artifact);
      if (known === undefined) return await materializer.load(artifact, options);
      budget.give(takenBytes); // of a version that was superseded meanwhile
      takenBytes = 0;
      await budget.take(known.source.info.size, options.signal);
      takenBytes = known.source.info.size;
      const reopen = reopenOf(materializer);
      if (reopen === undefined) return await materializer.load(artifact, options);
      return await place(known, known.source.files, () => load(materializer, known.artifact, options), async (slot) => {
        const worker = await slot.take((leave) => entry.atEnd(leave));
        const { source, how } = known;
        const request = { ...requestFor(source.files, source, how), info: artifact.info, materializer: reopen };
        return await worker.call("load", request, { signal: options.signal });
      });
    },
  };

  async function bytesOf(
    file: ArtifactFile,
    stored: StoredFile,
    source: PayloadSource,
    how: ReadFilesOptions,
  ): Promise<Uint8Array> {
    const { signal } = how;
    return await place({ source }, [stored], () => file.bytes(), async (slot) => {
      const worker = await slot.take((leave) => entry.atEnd(leave));
      return await worker.call("read", requestFor([stored], source, how), { signal });
    });
  }

  async function place<T>(
    { source }: { source: PayloadSource },
    files: readonly StoredFile[],
    here: () => Promise<T>,
    there: (slot: Slot) => Promise<ReadReply<T>>,
  ): Promise<T> {
    const remote = async (slot: Slot) => {
      const reply = await there(slot);
      return "missing" in reply ? await source.missing(reply.missing) : reply.value;
    };
    if (entry.alone !== undefined) return await remote(entry.alone);
    let workMs = 0;
    for (const { size, encoding } of files) {
      workMs += rates("hash", size) + rates("copy", size);
      if (encoding !== undefined) workMs += rates(`decode ${encoding}`, size);
    }
    return await placement.place({ workMs, moveMs: 0 }, here, remote);
  }
}

interface Opened {
  artifact: Artifact;
  source: PayloadSource;
  how: ReadFilesOptions;
}

async function load(materializer: Materializer, artifact: Artifact, options: MaterializeOptions): Promise<unknown> {
  return await materializer.load(artifact, options);
}

function requestFor(files: readonly StoredFile[], source: PayloadSource, { verify }: ReadFilesOptions): ReadRequest {
  const { ref, recordKey } = source;
  return { ref, recordKey, verify, files: files.map((file) => ({ file, folder: source.folder(file) })) };
}
