// The marker of a complete lineage index. It contains the time of the registry's settings in this
// store, so that copies of it, which may be incomplete, are ignored.
import { isRegistryError } from "../../../core/errors.ts";
import type { SignalOptions } from "../../../core/registry.ts";
import { isJsonObject, parseJson } from "../../../core/text/json_text.ts";
import { LINEAGE_WHOLE } from "../../format/layout.ts";
import type { Context } from "../context.ts";

/** Longer objects are not markers. */
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

/** Marks the index of a new registry as complete. Without a marker, lineage reads every record. */
export async function markNew(
  registry: MarkedRegistry & Pick<Context, "logger">,
  options: SignalOptions = {},
): Promise<void> {
  try {
    await markWhole(registry, options);
  } catch (error) {
    if (!isRegistryError(error)) throw error;
    registry.logger.warn(`lineage will read every record: ${error.message}`);
  }
}

/** True if the index contains the inputs of all records. */
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
    const { registry, settingsAt } = stampOf({ id, createdAt });
    return isJsonObject(marker) && marker.registry === registry &&
      marker.settingsAt === settingsAt;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Whole seconds, because Deno reports whole seconds for some files and Node does not. */
function stampOf({ id, createdAt }: Pick<Context, "id" | "createdAt">) {
  return { registry: id, settingsAt: Math.floor(createdAt / 1000) * 1000 };
}
