// Whether all is noted that records say of what they are made from. An object beside the notes says
// so: it goes where they go. It names the time of the settings in this store, so that a copy of
// them, which may have been made while somebody wrote, is not believed.
import { isRegistryError } from "../../../core/errors.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import { LINEAGE_WHOLE } from "../../format/layout.ts";
import type { Context } from "../context.ts";

/** A longer object says something else. */
const MAX_MARKER_BYTES = 4096;

export type MarkedRegistry = Pick<Context, "backend" | "system" | "id" | "createdAt">;

export async function markWhole(
  { backend, system, id, createdAt }: MarkedRegistry,
  { signal }: SignalOptions = {},
): Promise<void> {
  const marker = { ...stampOf({ id, createdAt }), since: new Date(system.now()).toISOString() };
  await backend.put(LINEAGE_WHOLE, new TextEncoder().encode(`${JSON.stringify(marker)}\n`), {
    signal,
  });
}

/** Says so of a registry that was just created. One that cannot say it reads more, and tells the same. */
export async function markNew(
  registry: MarkedRegistry & Pick<Context, "logger">,
  options: SignalOptions = {},
): Promise<void> {
  try {
    await markWhole(registry, options);
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    registry.logger.warn(`lineage will be told by reading every record: ${error.message}`);
  }
}

/** Whether all is noted: since the registry was created, or since somebody noted what was missing. */
export async function isWhole(
  { backend, id, createdAt }: MarkedRegistry,
  options: SignalOptions,
): Promise<boolean> {
  const object = await backend.get(LINEAGE_WHOLE, options);
  if (object === undefined) return false;
  if (object.info.size > MAX_MARKER_BYTES) {
    await object.body.cancel();
    return false;
  }
  try {
    const marker = parseJson(new TextDecoder().decode(await object.bytes()));
    return isJsonObject(marker) && isOfStore({ id, createdAt }, marker);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

type Stamped = Pick<Context, "id" | "createdAt">;

function stampOf({ id, createdAt }: Stamped): { registry: string; settingsAt: number } {
  return { registry: id, settingsAt: Math.floor(createdAt / 1000) * 1000 }; // of one file Deno tells whole seconds, Node more
}

function isOfStore(registry: Stamped, note: unknown): boolean {
  const { registry: id, settingsAt } = (note ?? {}) as Partial<Record<string, unknown>>;
  const own = stampOf(registry);
  return id === own.registry && settingsAt === own.settingsAt;
}
