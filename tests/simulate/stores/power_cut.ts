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
  const unsafe = new Map<string, { before?: Uint8Array; at: number }>();

  function change(key: string, before: Uint8Array | undefined): void {
    const first = isUnsafe(key) ? unsafe.get(key)!.before : before;
    unsafe.set(key, { before: first, at: system.now() });
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
      async function put(key: string, body: Body, options: PutOptions = {}): Promise<PutResult> {
        const bytes = await bodyBytes(body);
        await process.ready(); // nothing of a process that has ended reaches a disk
        const before = await contentAt(recorded, key);
        const result = await recorded.put(key, bytes, options);
        if (result.written) change(key, before);
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
      for (const [key, { before }] of unsafe) {
        if (!isUnsafe(key) || !random.chance(0.7)) continue;
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

function folderOf(key: string): string {
  return key.slice(0, key.lastIndexOf("/"));
}

async function contentAt(store: Backend, key: string): Promise<Uint8Array | undefined> {
  return await (await store.get(key))?.bytes();
}
