// The files that an attack is about.
import { createBucketFiles } from "../../../../files/bucket.ts";
import { createLocalFiles } from "../../../../files/local.ts";
import { createFileManager, type Files } from "../../../../files/mod.ts";
import { createZarrFiles } from "../../../../files/zarr.ts";
import type { NDArray } from "../../../../formats/arrays/ndarray.ts";
import { realSystem, type System } from "../../../../core/system.ts";
import { createServerStore, type ServerPlace } from "../../../servers/server_world.ts";

/** Where files lie, and how. */
export interface AttackedPlace {
  /**
   * What is done: saves at free paths and moves between them; saves over paths of one's own and
   * moves away from them; or saves over paths of all.
   */
  plan: "moves" | "overwrites" | "saves";
  /** Whether values are arrays in zarr. */
  zarr: boolean;
  /** A folder, or the bucket of a server. */
  root: string | { server: ServerPlace; prefix: string };
  /** How far the clock is ahead: what a mover that lives has taken looks as if it had died. */
  aheadMs: number;
  /** When the attack began. Leases pass so much faster since. */
  startedAt: number;
}

/** A minute passes in three seconds. */
const SPEED = 20;

/** Opens them. */
export async function openAttacked(
  { root, zarr, aheadMs, startedAt }: AttackedPlace,
): Promise<Files> {
  const ahead: System = { ...realSystem, now: () => realSystem.now() + aheadMs };
  const below = typeof root === "string"
    ? createLocalFiles({ root, system: ahead })
    : createBucketFiles({ backend: createServerStore(root.server, { prefix: root.prefix }) });
  if (!zarr) return await createFileManager({ it: below }).on("it");
  const fast: System = {
    ...realSystem,
    now: () => startedAt + (realSystem.now() - startedAt) * SPEED,
    monotonic: () => realSystem.monotonic() * SPEED,
    sleep: (ms, signal) => realSystem.sleep(ms < 1000 ? ms : ms / SPEED, signal),
  };
  const chunks = (shape: readonly number[]) => shape.map((length) => Math.min(length, 3));
  return await createFileManager({ it: createZarrFiles({ files: below, chunks, system: fast }) })
    .on("it");
}

/** What is saved as this token. */
export function valueOf({ zarr }: AttackedPlace, token: number, kind: number): unknown {
  if (!zarr) return new TextEncoder().encode(`${token}`.repeat(1 + 999 * kind));
  const shape = [[2, 2], [2, 3], [4, 5]][kind];
  return { data: new Float64Array(shape[0] * shape[1]).fill(token), shape, dtype: "float64" };
}

/**
 * The token of a value that was loaded; undefined where it is no such value, or parts of several.
 */
export function tokenOf({ zarr }: AttackedPlace, value: unknown): number | undefined {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
  const tokens = zarr
    ? (value as NDArray<"float64">).data ?? []
    : text.match(/\d{9}/g)?.map(Number) ?? [];
  const isWhole = tokens.length > 0 && (zarr || tokens.length * 9 === text.length);
  return isWhole && [...tokens].every((token) => token === tokens[0]) ? tokens[0] : undefined;
}
