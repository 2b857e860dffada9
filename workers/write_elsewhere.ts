/**
 * The caller's side of payloads that a worker writes.
 *
 * @module
 */
import { statSync } from "node:fs";
import type { BackendDescriptor, ObjectInfo } from "../core/backend.ts";
import type { FilesToSave, FileToSave, Materializer } from "../core/materializer.ts";
import type { Operation } from "../registry/cell/operation.ts";
import { ALIVE } from "../registry/layout.ts";
import { writePayload } from "../registry/payload/write.ts";
import type { PayloadTarget, WriteOptions, WrittenPayload } from "../registry/payload/write.ts";
import { createKeepAlive } from "../registry/payload/writing/keep_alive.ts";
import type { PayloadWriter } from "../registry/save.ts";
import type { Slot } from "./slots.ts";
import type { CallerMethods, PayloadState } from "./protocol.ts";
import { STREAMED_BYTES } from "./shop.ts";
import type { Entry, Shop } from "./shop.ts";
import { createFileSupply, supplyMethods } from "./file_supply.ts";
import type { FileSupply } from "./file_supply.ts";
import { bufferBytes, wireValueOf } from "./wire_value.ts";
import type { WireValue } from "./wire_value.ts";

/** A payload that a worker writes for the caller's thread. */
interface Job {
  supply: FileSupply;
  produce(): FilesToSave;
  options: WriteOptions;
  operation: Operation;
  target?: PayloadTarget;
  keepAlive(): Promise<void>;
  /** Ends the worker's work. */
  abort: AbortController;
}

/** Payloads that workers write. */
export interface RemoteWrites {
  /** What workers may call. */
  methods: Omit<CallerMethods, "moved" | "log">;
  /** Writes the payload of one entry where that is done first. */
  writer(entry: Entry, value: unknown, materializer: Materializer): PayloadWriter;
}

/** Creates the caller's side; `shop` is asked when there is work. */
export function createRemoteWrites(shop: () => Shop, descriptor: BackendDescriptor | undefined): RemoteWrites {
  const jobs = new Map<number, Job>();
  let nextJob = 1;

  const methods: RemoteWrites["methods"] = {
    async begin({ job: id }) {
      const job = jobs.get(id)!;
      return await failing(job, async () => {
        const { folder, base } = job.target = await job.options.begin();
        const { context } = shop();
        job.keepAlive = createKeepAlive(job.operation, context.settings.graceMs, async () => {
          job.operation.checkSend();
          const { signal } = job.operation;
          const result = await context.backend.put(`${folder}${ALIVE}`, new Uint8Array(), { signal });
          return result.written ? result.info : undefined;
        });
        return base === undefined ? { folder } : { folder, sizes: base.sizes };
      });
    },
    async share({ job: id, file }) {
      const job = jobs.get(id)!;
      return await failing(job, async () => await job.target?.base?.share(file));
    },
    async progress({ job: id, progress, storeTime }) {
      const job = jobs.get(id);
      if (job === undefined) return; // it ended meanwhile
      await failing(job, async () => {
        if (storeTime !== undefined) job.operation.noteReply({ modifiedAt: storeTime } as ObjectInfo);
        if (progress !== undefined) job.options.onProgress?.(progress);
        await job.keepAlive();
      });
    },
    ...supplyMethods((job) => jobs.get(job)!.supply),
    restart({ job: id }) {
      const { supply, produce } = jobs.get(id)!;
      supply.restart(produce());
    },
    ask: ({ name }) => descriptor?.functions?.[name](),
  };

  return {
    methods,
    writer: (entry, value, materializer) => async (operation, produce, options) => {
      const { context, rates, placement, budget, smallBytes } = shop();
      const wire = wireValueOf(value, materializer);
      const produced = wire === undefined ? produce() : undefined;
      if (produced instanceof Promise) produced.catch(() => {}); // it is thrown where it is waited for
      const { bytes, heldBytes } = produced === undefined ? sizeOf(wire!) : sizeOfFiles(produced);
      await budget.take(heldBytes, operation.signal);
      entry.atEnd(() => budget.give(heldBytes));
      const here = () => writePayload(context, operation, produced ?? produce(), options);
      const there = async (slot: Slot) => {
        const supply = createFileSupply(produced ?? [], entry.spend);
        return await write(slot, entry, wire ?? { kind: "files" }, { supply, produce, operation, options });
      };
      if (entry.alone !== undefined) return await there(entry.alone);
      if (bytes < smallBytes) return await here();
      const { compress } = options;
      const workMs = rates("hash", bytes) + rates("copy", bytes) +
        (compress === undefined ? 0 : rates(`encode ${compress}`, bytes));
      return await placement.place({ workMs, moveMs: wire?.kind === "path" ? 0 : rates("copy", bytes) }, here, there);
    },
  };

  async function write(
    slot: Slot,
    entry: Entry,
    value: WireValue,
    work: Pick<Job, "supply" | "produce" | "operation" | "options">,
  ): Promise<WrittenPayload> {
    const { operation, options } = work;
    const worker = await slot.take((leave) => entry.atEnd(leave));
    const id = nextJob++;
    const job: Job = { ...work, keepAlive: () => Promise.resolve(), abort: new AbortController() };
    jobs.set(id, job);
    entry.atEnd(() => {
      jobs.delete(id);
      void job.supply.end();
      worker.call("release", { job: id }).catch(() => {}); // of a worker that is gone nothing is left to release
    });
    const request = { job: id, action: operation.action, value, compress: options.compress };
    const signal = operation.signal === undefined
      ? job.abort.signal
      : AbortSignal.any([operation.signal, job.abort.signal]);
    let state = await worker.call("write", request, { signal });
    const last = state.files.at(-1);
    if (last !== undefined) options.onProgress?.({ path: last.path, bytes: state.size });
    return {
      get files() {
        return state.files;
      },
      get inline() {
        return state.inline;
      },
      get size() {
        return state.size;
      },
      get sharing() {
        return state.sharing;
      },
      async unshare() {
        state = await worker.call("unshare", { job: id }, { signal }) as PayloadState;
      },
      append: (bytes) => worker.call("append", { job: id, bytes }, { signal }),
      async discard() {
        if (operation.unresolved) return; // the record may be there, and refer to it
        await worker.call("discard", { job: id }).catch(() => {}); // the janitor collects what is left
      },
    };
  }
}

/** What fails on this side fails the save as it is: an error that crosses twice is not the same any more. */
async function failing<T>(job: Job, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    job.abort.abort(error);
    throw error;
  }
}

/** Bytes of work, and bytes of memory that it takes. */
interface Size {
  bytes: number;
  heldBytes: number;
}

function sizeOf(wire: WireValue): Size {
  if (wire.kind === "value") {
    const bytes = Math.max(bufferBytes(wire.value), STREAMED_BYTES); // it was registered as worth it
    return { bytes, heldBytes: bytes };
  }
  try {
    const stats = statSync((wire as WireValue & { kind: "path" }).path);
    return streamed(stats.isFile() ? stats.size : STREAMED_BYTES); // a folder is not walked twice to learn its size
  } catch {
    return streamed(0); // saving it says what is wrong
  }
}

function sizeOfFiles(files: FilesToSave): Size {
  if (!Array.isArray(files)) return streamed(STREAMED_BYTES);
  const sizes = files.map(({ content }: FileToSave) => {
    if (content instanceof ReadableStream) return streamed(STREAMED_BYTES);
    if (!(content instanceof Uint8Array)) return streamed(content.size);
    return { bytes: content.byteLength, heldBytes: content.byteLength };
  });
  const sum = (field: keyof Size) => sizes.reduce((total, size) => total + size[field], 0);
  return { bytes: sum("bytes"), heldBytes: sum("heldBytes") };
}

/** What has no proper size is refused where it is read. */
function streamed(size: number): Size {
  const bytes = Number.isSafeInteger(size) && size >= 0 ? size : 0;
  return { bytes, heldBytes: Math.min(bytes, STREAMED_BYTES) };
}
