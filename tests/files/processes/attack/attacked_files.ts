// The files of an attack.
import { createBucketFiles } from "../../../../files/bucket.ts";
import { createLocalFiles } from "../../../../files/local.ts";
import { createFileManager, type Files } from "../../../../files/mod.ts";
import { createZarrFiles } from "../../../../files/zarr.ts";
import type { NDArray } from "../../../../formats/arrays/ndarray.ts";
import { realSystem, type System } from "../../../../core/system.ts";
import { openServerStore, type ServerPlace } from "../../../support/servers/server_store.ts";

/** The location and kind of files. */
export interface AttackedPlace {
  /** Saves at free paths and moves; saves over own paths and moves; or saves over shared paths. */
  plan: "moves" | "overwrites" | "saves";
  /** Saves arrays in zarr. */
  zarr: boolean;
  /** A folder, or the bucket of a server. */
  root: string | { server: ServerPlace; prefix: string };
  /** The start of the attack, since when leases pass faster. */
  startedAt: number;
}

/** A minute passes in three seconds. */
const SPEED = 20;

export async function openAttacked(
  { root, zarr, startedAt }: AttackedPlace,
): Promise<Files> {
  const below = typeof root === "string"
    ? createLocalFiles({ root })
    : createBucketFiles({ backend: await openServerStore(root.server, { prefix: root.prefix }) });
  if (!zarr) return await createFileManager({ it: below }).on("it");
  const fast: System = {
    ...realSystem,
    now: () => startedAt + (realSystem.now() - startedAt) * SPEED,
    monotonic: () => realSystem.monotonic() * SPEED,
    sleep: (ms, signal) => realSystem.sleep(ms < 1000 ? ms : ms / SPEED, signal),
  };
  const chunks = (shape: readonly number[]) => shape.map((length) => Math.min(length, 3));
  const files = createZarrFiles({ files: below, chunks, system: fast });
  return await createFileManager({ it: files }).on("it");
}

/** Returns the value of a token. */
export function valueOf({ zarr }: AttackedPlace, token: number, kind: number): unknown {
  if (!zarr) return new TextEncoder().encode(`${token}`.repeat(1 + 999 * kind));
  const shape = [[2, 2], [2, 3], [4, 5]][kind];
  return { data: new Float64Array(shape[0] * shape[1]).fill(token), shape, dtype: "float64" };
}

/** Returns the token of a loaded value; undefined for other values, or parts of several. */
export function tokenOf({ zarr }: AttackedPlace, value: unknown): number | undefined {
  const text = value instanceof Uint8Array ? new TextDecoder().decode(value) : "";
  const tokens = zarr
    ? (value as NDArray<"float64">).data ?? []
    : text.match(/\d{9}/g)?.map(Number) ?? [];
  const isWhole = tokens.length > 0 && (zarr || tokens.length * 9 === text.length);
  return isWhole && [...tokens].every((token) => token === tokens[0]) ? tokens[0] : undefined;
}
