// Records that land long after their operation began. Some of them expire.
import type { SaveOptions } from "../../core/registry.ts";
import { collectGarbage } from "../../extensions/maintenance/mod.ts";
import { filler, GRACE_MS, HOUR, type ProtocolWorld } from "./protocol_world.ts";
import { rejected } from "./rejected.ts";
import { busy, doing, late } from "./scripted_backend.ts";

const RECORD = { verb: "put", mode: "create", key: /versions/ } as const;
const READ_RECORD = { verb: "get", key: /versions/ } as const;

/** Saves a value whose record is delayed; the returned function lets it land. */
export async function heldUp(
  world: ProtocolWorld,
  value: unknown,
  options: SaveOptions,
): Promise<() => Promise<unknown>> {
  const { registry, backend } = await world.open({ retryForMs: 1000 });
  const record = late();
  backend.answer(RECORD, doing(() => backend.answerAll(READ_RECORD, busy), record.answer));
  await rejected("Unknown", registry.save("a", value, options));
  return record.land;
}

/** Makes an expired version, over what was there before. */
export async function makeVoid(
  world: ProtocolWorld,
  options: SaveOptions = { version: "1.0.0", onConflict: "overwrite" },
  value: unknown = filler("late"),
): Promise<void> {
  const land = await heldUp(world, value, options);
  world.advance(GRACE_MS + HOUR);
  await collectGarbage(world.registry);
  await land();
  world.warnings.length = 0;
}

/** Writes every object again, which then has the time of now. */
export async function touch({ store, keys }: ProtocolWorld, prefix = ""): Promise<void> {
  for (const key of await keys(prefix)) {
    await store.put(key, await (await store.get(key))!.bytes());
  }
}
