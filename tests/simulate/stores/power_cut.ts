// A disk that loses unsynced data when the power fails. All can read the bytes of a put at once;
// they are durable when the put returns, or when another process syncs the folder of the key.
import type { Backend, Body, PutOptions, PutResult } from "../../../core/backend.ts";
import { bodyBytes } from "../../../core/bytes/bytes.ts";
import { RegistryError } from "../../../core/errors.ts";
import type { Random } from "../random.ts";
import type { SimulatedProcess, SimulatedSystem } from "../simulated_system.ts";
import { withoutExtras } from "./like.ts";
import type { Viewer } from "./site.ts";

export const POWER = "power cut";
/** Processes whose names begin with it sync no versions. What they have saved may be lost. */
export const HASTY = "hasty";
/** Unsynced data reaches the disk after this time, milliseconds. */
const FLUSH_MS = 30_000;

export interface PowerCutDisk {
  /** Rate of puts that fail after their write, before its sync. */
  readonly failing: number;
  view(recorded: Backend, viewer: Viewer): Backend;
  cut(recorded: Backend): Promise<void>;
}

export interface PowerCutOptions {
  random: Random;
  system: SimulatedSystem;
  /** Longest time of a sync, milliseconds. */
  maxSyncMs: number;
  failing: number;
}

export function createPowerCutDisk(
  { random, system, maxSyncMs, failing }: PowerCutOptions,
): PowerCutDisk {
  /** Previous values of unsynced keys. */
  const unsafe = new Map<string, { before?: Uint8Array; at: number; by?: string }>();

  /** Notes a change, and the process if that leaves it unsynced. */
  function change(key: string, before: Uint8Array | undefined, by?: string): void {
    const first = isUnsafe(key) ? unsafe.get(key)!.before : before;
    unsafe.set(key, { before: first, at: system.now(), by });
  }

  function isUnsafe(key: string): boolean {
    return system.now() < (unsafe.get(key)?.at ?? -Infinity) + FLUSH_MS;
  }

  async function sync(keys: readonly string[], process: SimulatedProcess): Promise<void> {
    await system.sleep(random.between(1, maxSyncMs));
    await process.ready();
    for (const key of keys) {
      const folder = folderOf(key);
      for (const other of unsafe.keys()) if (folderOf(other) === folder) unsafe.delete(other);
    }
  }

  return {
    failing,
    view(recorded, { process }) {
      const isHasty = process.name.startsWith(HASTY);
      const leaves = (key: string) => isHasty && /^(names|objects)\//.test(key);

      async function put(key: string, body: Body, options: PutOptions = {}): Promise<PutResult> {
        const bytes = await bodyBytes(body);
        await process.ready(); // nothing of a process that has ended reaches a disk
        const before = await contentAt(recorded, key);
        const result = await recorded.put(key, bytes, options);
        if (result.written) change(key, before, leaves(key) ? process.name : undefined);
        if (leaves(key)) return result;
        if (result.written && failing > 0 && random.chance(failing)) throw unsynced(recorded, key);
        await sync([key], process);
        return result;
      }

      async function remove(key: string): Promise<void> {
        await process.ready();
        const before = await contentAt(recorded, key);
        await recorded.delete(key);
        if (before !== undefined) change(key, before);
      }

      return {
        ...withoutExtras(recorded),
        put,
        delete: remove,
        sync: (keys) => sync(keys, process),
      };
    },

    async cut(recorded) {
      // Of what a hasty process left, all or nothing: others may have synced its record alone.
      const isHastyLost = random.chance(0.7) &&
        [...unsafe].some(([key, { by }]) => by && key.includes("/versions/") && isUnsafe(key));
      // At once: no record is there without its payload.
      const inOrder = [...unsafe].sort(([a], [b]) => Number(isPayload(a)) - Number(isPayload(b)));
      for (const [key, { before, by }] of inOrder) {
        if (!isUnsafe(key) || !(by === undefined ? random.chance(0.7) : isHastyLost)) continue;
        if (before === undefined) await recorded.delete(key);
        else await recorded.put(key, before);
      }
      unsafe.clear();
    },
  };
}

function unsynced({ location: backend }: Backend, key: string): RegistryError {
  const message = `Cannot put "${key}": the disk did not sync it`;
  return new RegistryError({ code: "Unavailable", message, key, backend, maybeWritten: true });
}

function isPayload(key: string): boolean {
  return key.startsWith("objects/");
}

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

async function contentAt(store: Backend, key: string): Promise<Uint8Array | undefined> {
  return await (await store.get(key))?.bytes();
}
