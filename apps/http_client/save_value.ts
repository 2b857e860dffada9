// Saving: a value is made into files here, and the service stores them.
import { fault } from "../../core/errors.ts";
import { checkMaterializer, type Materializers } from "../../core/materializer.ts";
import { checkName, shown } from "../../core/naming/names.ts";
import { checkMetadata } from "../../core/record/metadata.ts";
import type { SavedArtifact, SaveOptions } from "../../core/registry.ts";
import { artifactPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import { gatherFiles } from "./gather_files.ts";
import { savedOf } from "./wire.ts";

export async function saveValue(
  connection: Connection,
  { name, value, materializers }: { name: string; value: unknown; materializers: Materializers },
  options: SaveOptions,
): Promise<SavedArtifact> {
  checkName(name);
  checkOptions(name, options);
  const { materializer = materializers.forValue(value), signal, onProgress } = options;
  checkMaterializer(materializer);
  const action = `save ${
    shown(options.version === undefined ? name : `${name}@${options.version}`)
  }`;
  const { id, formatVersion } = materializer;
  // With a key a save can be sent again: the service gives what the first of them came to.
  const { idempotencyKey = connection.system.id() } = options;
  const files = await gatherFiles(connection, () => materializer.save(value, { signal }), {
    action,
    signal,
    onProgress,
  });
  return await connection.read({
    action,
    method: "POST",
    path: `${artifactPath(name)}/versions`,
    json: { ...askedOf(options), idempotencyKey, materializer: { id, formatVersion }, files },
    writes: true,
    repeats: true,
    signal,
  }, savedOf);
}

/** What a service is told of the options of a save: nothing that other registries pass over too. */
export function askedOf(
  options: SaveOptions,
): Omit<SaveOptions, "materializer" | "signal" | "onProgress"> {
  const { version, bump, onConflict, ifCommit, base, skipIfUnchanged, metadata, inputs, compress } =
    options;
  return { version, bump, onConflict, ifCommit, base, skipIfUnchanged, metadata, inputs, compress };
}

/** What JSON would pass over in silence is told here; the rest the service checks. */
function checkOptions(name: string, options: SaveOptions): void {
  if (options.metadata !== undefined) checkMetadata(options.metadata);
  if (!("as" in options)) return;
  throw fault({
    code: "Invalid",
    action: "save",
    subject: shown(name),
    state: "it takes no `as`",
    hint: "Name what saves the value: { materializer }.",
  });
}
