// Registries of which most names are quiet, for tests of the collector's table of names.
import { assertEquals } from "@std/assert";
import { collectGarbage, type GarbageOptions } from "../../../../extensions/maintenance/mod.ts";
import { decodeNote } from "../../../../registry/pass/noted.ts";
import { createProtocolWorld, HOUR, type ProtocolWorld } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";

export const DAY = 24 * HOUR;
export const MONTH = 30 * DAY;
/** The only page of the table. */
export const PAGE = "gc/.names/0";
const UUID = "01951e2f-6c00-7abc-8def-0123456789ab";
/** A value that is not in its record. */
export const LARGE = noise(70_000);

/** The entries of a table, by name. */
export type Names = Record<string, unknown[]>;

/** A registry with a few names, a day after a run that found nothing to remove. */
export async function quietWorld(...names: string[]): Promise<ProtocolWorld> {
  const world = await createProtocolWorld({ mutable: true });
  for (const name of names) await world.registry.save(name, LARGE);
  world.advance(2 * DAY);
  await night(world);
  return world;
}

/** Runs gc, and returns the names that it looked at. */
export async function night(world: ProtocolWorld, options: GarbageOptions = {}): Promise<string[]> {
  world.backend.forget();
  const { failures } = await collectGarbage(world.registry, options);
  assertEquals(failures, []);
  const looks = world.backend.asked({ verb: "list", key: /^objects\/./ });
  world.advance(DAY);
  return looks.map((call) => call.split("/")[1]).sort();
}

/** Returns the entries of the table. */
export async function namesOf({ store }: ProtocolWorld): Promise<Names> {
  return (decodeNote(await (await store.get(PAGE))!.bytes()) as { names: Names }).names;
}

/** Adds payload that no record refers to. */
export async function addCrashedUpload({ store }: ProtocolWorld, name: string): Promise<string> {
  const key = `objects/${name}/p8p9p9/${UUID}/0`;
  await store.put(key, LARGE);
  return key;
}
