/**
 * The caller's side of files that a worker reads.
 *
 * @module
 */
import type { Artifact, ArtifactFile } from "../core/artifact.ts";
import { writeFileTo } from "../core/disk/stage_files.ts";
import type { Materializer } from "../core/materializer.ts";
import type { StoredFile } from "../core/record/record.ts";
import type { TransferProgress } from "../core/registry.ts";
import type { Context } from "../registry/opening/context.ts";
import type { ReadElsewhere } from "../registry/load.ts";
import { createArtifact, drain } from "../registry/payload/read.ts";
import type { PayloadSource, ReadFilesOptions } from "../registry/payload/store_reader.ts";
import type { Channel } from "./channel.ts";
import type { CallerMethods, ReadReply, ReadRequest, WorkerMethods } from "./protocol.ts";
import { STREAMED_BYTES } from "./shop.ts";
import type { Entry, Shop } from "./shop.ts";
import type { Slot } from "./slots.ts";
import { reopenOf } from "./wire_value.ts";

/** Files that workers read for the caller's thread. */
export interface RemoteReads {
  /** What workers may call. */
  methods: Pick<CallerMethods, "moved">;
  /** Reads the files of one entry where that is done first. */
  reader(entry: Entry): ReadElsewhere;
}

/** An artifact whose files may be read elsewhere. */
interface Opened {
  context: Context;
  source: PayloadSource;
  how: ReadFilesOptions;
  /** Its files as they are read on this thread. */
  here: Artifact;
  /** Hears how far a worker is with a file. */
  moved(progress: TransferProgress): void;
}

/** Asks a worker. */
type Ask<T> = (
  worker: Channel<WorkerMethods>,
  request: ReadRequest,
  options: { signal: AbortSignal },
) => Promise<ReadReply<T>>;

/** A file that may be read elsewhere. */
interface OpenedFile {
  opened: Opened;
  stored: StoredFile;
  here: ArtifactFile;
}

/** Creates the caller's side; `shop` is asked when there is work. */
export function createRemoteReads(shop: () => Shop): RemoteReads {
  const jobs = new Map<number, (progress: TransferProgress) => void>();
  let nextJob = 1;
  return {
    methods: { moved: ({ job, progress }) => jobs.get(job)?.(progress) },
    reader: (entry) => createReader(shop(), entry, jobs, () => nextJob++),
  };
}

function createReader(
  { rates, placement, budget, smallBytes }: Shop,
  entry: Entry,
  jobs: Map<number, (progress: TransferProgress) => void>,
  newJob: () => number,
): ReadElsewhere {
  const artifacts = new WeakMap<Artifact, Opened>();
  const handles = new WeakMap<ArtifactFile, OpenedFile>();
  let takenBytes = 0;
  entry.atEnd(() => budget.give(takenBytes));

  return {
    read(context, source, how) {
      const { onProgress } = how;
      let bytesHere = 0, bytesThere = 0;
      const report = (path: string) =>
        onProgress?.({ path, bytes: bytesHere + bytesThere, totalBytes: source.info.size });
      const here = createArtifact(context, source, {
        ...how,
        onProgress({ path, bytes }) {
          bytesHere = bytes;
          report(path);
        },
      });
      // What a worker fetched would not get into a cache that it cannot open.
      if (context.cache !== undefined && context.cache.reopen === undefined) return here;
      if (source.files.every((stored) => isSmall(stored, source))) return here;
      const moved = ({ path, bytes }: TransferProgress) => {
        bytesThere += bytes;
        report(path);
      };
      const opened: Opened = { context, source, how, here, moved };
      const byPath = new Map(source.files.map((stored) => [stored.path, stored]));
      const open = (file: ArtifactFile): ArtifactFile => {
        const stored = byPath.get(file.info.path)!;
        if (isSmall(stored, source)) return file;
        const handle = { opened, stored, here: file };
        const elsewhere = { ...file, bytes: () => entry.ended ? file.bytes() : bytesOf(handle) }; // it may be kept
        handles.set(elsewhere, handle);
        return elsewhere;
      };
      const artifact: Artifact = {
        info: here.info,
        files: () => here.files().map(open),
        file: (path) => open(here.file(path)),
      };
      artifacts.set(artifact, opened);
      return artifact;
    },

    async materialize(materializer, artifact, options) {
      const opened = artifacts.get(artifact);
      if (opened === undefined) return await materializer.load(artifact, options);
      const { source: { files, info }, here } = opened;
      budget.give(takenBytes); // of a version that was superseded meanwhile
      takenBytes = 0;
      await budget.take(info.size, options.signal);
      takenBytes = info.size;
      const reopen = reopenOf(materializer);
      if (reopen === undefined || files.some(({ parts }) => parts === undefined)) {
        return await materializer.load(artifact, options);
      }
      return await place(opened, files, () => load(materializer, here, options), (worker, request, calling) => {
        return worker.call("load", { ...request, info, materializer: reopen }, calling);
      });
    },

    async writeLarge(path, file) {
      const handle = handles.get(file);
      const { signal } = handle?.opened.how ?? {};
      if (handle === undefined) return await writeFileTo(path, file, signal);
      await streaming(handle, () => writeFileTo(path, handle.here, signal), (worker, request, calling) => {
        return worker.call("writeFile", { ...request, path }, calling);
      });
    },

    async checkLarge(file) {
      const handle = handles.get(file);
      if (handle === undefined) return await drain(file);
      await streaming(handle, () => drain(handle.here), (worker, request, calling) => {
        return worker.call("check", request, calling);
      });
    },
  };

  /** One that lies in an object with others is read with them. */
  function isSmall({ parts = [], size }: StoredFile, { files }: PayloadSource): boolean {
    return parts.length === 0 || size < smallBytes || (files.length > 1 && parts[0].offset !== undefined);
  }

  async function bytesOf({ opened, stored, here }: OpenedFile): Promise<Uint8Array> {
    return await place(opened, [stored], () => here.bytes(), (worker, request, calling) => {
      opened.how.limit?.check(opened.source.ref, stored);
      return worker.call("read", request, calling);
    });
  }

  /** Work through which the bytes of a file only pass. */
  async function streaming(
    { opened, stored }: OpenedFile,
    here: () => Promise<void>,
    there: Ask<void>,
  ): Promise<void> {
    const heldBytes = Math.min(stored.size, STREAMED_BYTES);
    await budget.take(heldBytes, opened.how.signal);
    try {
      await place(opened, [stored], here, there);
    } finally {
      budget.give(heldBytes);
    }
  }

  async function place<T>(
    { context, source, how, moved }: Opened,
    files: readonly StoredFile[],
    here: () => Promise<T>,
    there: Ask<T>,
  ): Promise<T> {
    const remote = async (slot: Slot) => {
      const worker = await slot.take((leave) => entry.atEnd(leave));
      const job = newJob();
      const failed = new AbortController();
      let before = 0;
      jobs.set(job, ({ path, bytes }) => {
        try {
          moved({ path, bytes: bytes - before });
        } catch (error) {
          failed.abort(error); // the caller's own code
        }
        before = bytes;
      });
      const request = {
        job,
        ref: source.ref,
        recordKey: source.recordKey,
        verify: how.verify,
        cached: context.cache !== undefined,
        maxLoadBytes: how.limit?.maxBytes,
        files: files.map((file) => ({ file, keys: file.parts!.map((part) => source.keyOf(file, part)) })),
      };
      const signal = how.signal === undefined ? failed.signal : AbortSignal.any([how.signal, failed.signal]);
      try {
        const reply = await there(worker, request, { signal });
        if ("missing" in reply) return await source.missing(reply.missing);
        const size = files.reduce((sum, file) => sum + file.size, 0);
        moved({ path: files[files.length - 1].path, bytes: size - before });
        return reply.value;
      } finally {
        jobs.delete(job);
      }
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

async function load(materializer: Materializer, artifact: Artifact, options: { signal?: AbortSignal }) {
  return await materializer.load(artifact, options);
}
