// A disk: an object is staged and then gets its key, by a link or under a lock. A process may pause
// or end at each step, and a collector that sweeps the stage fences its writer.
import type {
  Backend,
  Body,
  Locking,
  ObjectInfo,
  PutOptions,
  PutResult,
  StoredObject,
  SweptUpload,
} from "../../../core/backend.ts";
import { bodyBytes } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { SimulatedProcess } from "../simulated_system.ts";
import { withoutExtras } from "./like.ts";
import type { Viewer } from "./site.ts";

/** Interval for checking a lock, milliseconds. */
const LOOK_MS = 20;

export function createStagingDisk(
  locking: Locking,
): (recorded: Backend, viewer: Viewer) => Backend {
  const stages = new Map<string, { startedAt: number; size: number }>();
  let holder: SimulatedProcess | undefined;
  let count = 0;

  return (recorded, { process, plan, system, fenced }) => {
    /** A step, unless its process was killed. */
    async function step(key: string): Promise<void> {
      const pause = plan.pause?.({ verb: "place", key });
      if (pause !== undefined) process.pause(pause.ms, pause);
      await process.ready();
    }

    async function locked<T>(work: () => Promise<T>): Promise<T> {
      while (holder !== undefined && !holder.killed) await process.system.sleep(LOOK_MS);
      await process.ready();
      // another one was faster
      if (holder !== undefined && !holder.killed) return await locked(work);
      holder = process;
      try {
        return await work();
      } finally {
        if (holder === process) holder = undefined;
      }
    }

    async function place(
      stage: string,
      key: string,
      bytes: Uint8Array,
      options: PutOptions,
    ): Promise<PutResult> {
      if (locking === "file") {
        const taken = options.mode === "create" && await recorded.head(key) !== undefined;
        if (taken) return { written: false, reason: "exists" };
        await step(key); // between the look and the rename
      }
      if (!stages.has(stage)) {
        fenced();
        throw givenUp(recorded, key);
      }
      const result = await recorded.put(key, bytes, options);
      if (locking === "link" || result.written) return result;
      throw new Error(`Cannot go on: "${key}" was written beside the lock`);
    }

    async function put(key: string, body: Body, options: PutOptions = {}): Promise<PutResult> {
      const bytes = await bodyBytes(body);
      await process.ready();
      const stage = `.stage/${++count}`;
      stages.set(stage, { startedAt: system.now(), size: bytes.byteLength });
      await step(key);
      try {
        const work = () => place(stage, key, bytes, options);
        return locking === "file" ? await locked(work) : await work();
      } finally {
        stages.delete(stage);
      }
    }

    async function* sweepUploads({ olderThan, dryRun }: { olderThan: number; dryRun?: boolean }) {
      for (const [key, { startedAt, size }] of stages) {
        if (startedAt >= olderThan) continue;
        if (!dryRun) stages.delete(key);
        yield { key, startedAt, size } satisfies SweptUpload;
      }
    }

    async function getFirst(prefix: string): Promise<StoredObject | undefined> {
      for await (
        const { key } of recorded.list(prefix, { limit: 1 }) as AsyncIterable<ObjectInfo>
      ) {
        return await recorded.get(key) ?? await getFirst(prefix); // removed between the two
      }
    }

    return {
      ...withoutExtras(recorded),
      disk: { locking, layout: "folded" },
      put,
      delete: (key, options) => process.ready().then(() => recorded.delete(key, options)),
      sweepUploads,
      getFirst,
    };
  };
}

function givenUp({ location }: Backend, key: string): RegistryError {
  return new RegistryError({
    code: "Unknown",
    message: `Cannot put "${key}": its stage was swept`,
    key,
    backend: location,
    maybeWritten: true,
  });
}
