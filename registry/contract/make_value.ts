// Values and their materializers: chosen for a save, run for a load.
import type * as FileSystem from "node:fs";
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault, invalid, isRegistryError, messageOf } from "../../core/errors.ts";
import { checkMaterializer } from "../../core/materializer.ts";
import type { MaterializeOptions, Materializer, Materializers } from "../../core/materializer.ts";
import { shown } from "../../core/naming/names.ts";
import { builtinModule, isGranted } from "../../core/system.ts";
import { RESOLVED, type ResolvedOptions } from "../../core/calls/verb_call.ts";
import type { LoadOptions } from "../../core/registry.ts";
import { shownIssues, type StandardSchema } from "../../core/standard_schema.ts";
import type { LoadLimit } from "../../core/calls/load_limit.ts";

export interface MakeValueOptions
  extends Pick<LoadOptions, "as" | "schema" | "signal">, ResolvedOptions {
  materializers: Materializers;
  limit: LoadLimit;
}

/**
 * Returns the value of a version by its recorded or the given materializer, checked by the schema.
 *
 * @param materialize replaces the materializer's `load`, e.g. to run it on another thread
 * @throws {RegistryError} `Unsupported`, `Invalid` for another materializer or a value that the
 * schema rejects, `TaskFailed` if the caller's code fails
 */
export async function makeValue(
  artifact: Artifact,
  options: MakeValueOptions,
  materialize: (
    materializer: Materializer,
    artifact: Artifact,
    options: MaterializeOptions,
  ) => unknown = (materializer, artifact, options) => materializer.load(artifact, options),
): Promise<unknown> {
  const { materializers, limit, schema, signal } = options;
  const { as = materializers.get(artifact.info.materializer.id) } = options;
  options[RESOLVED]?.(artifact.info.version);
  if (options.as !== undefined) checkMaterializer(options.as); // others were, when registered
  checkSavedBy(as, artifact.info);
  if (options.as !== undefined) materializers.remember(as);
  const make = () => limit.together(() => materialize(as, artifact, { signal }));
  const value = await ofCaller(artifact.info, options, make);
  return schema === undefined ? value : await checkSchema(schema, value, artifact.info, options);
}

/** Runs the caller's own code. Its errors become `TaskFailed`. */
async function ofCaller<T>(
  { name, version }: ArtifactInfo,
  { signal }: MaterializeOptions,
  code: () => T | Promise<T>,
): Promise<T> {
  try {
    return await code();
  } catch (error) {
    if (isRegistryError(error) || signal?.aborted) throw error;
    const subject = `"${name}@${version}"`;
    const state = `the caller's code failed: ${messageOf(error)}`;
    const hint = "Read the cause: the materializer, the schema or onProgress failed.";
    throw fault({ code: "TaskFailed", action: "load", subject, state, hint, cause: error });
  }
}

function checkSavedBy(
  materializer: Materializer,
  { materializer: stored, name, version }: ArtifactInfo,
): void {
  if (materializer.id === stored.id && materializer.formatVersion >= stored.formatVersion) return;
  const newer = materializer.id === stored.id;
  throw fault({
    code: newer ? "Unsupported" : "Invalid",
    action: "load",
    subject:
      `"${name}@${version}" with materializer "${materializer.id}" ${materializer.formatVersion}`,
    state: `it was saved by "${stored.id}" ${stored.formatVersion}`,
    hint: newer
      ? "Use a newer release of the materializer."
      : "Pass the materializer that saved it, or none.",
  });
}

async function checkSchema(
  schema: StandardSchema,
  value: unknown,
  info: ArtifactInfo,
  options: MaterializeOptions,
): Promise<unknown> {
  const { name, version } = info;
  const result = await ofCaller(info, options, () => schema["~standard"].validate(value));
  if (result.issues === undefined) return result.value;
  const issues = shownIssues(result.issues.slice(0, 5));
  const subject = `"${name}@${version}"`;
  const state = `the value does not match the schema: ${issues}`;
  const hint = "Load it without the schema to inspect the value.";
  throw fault({ code: "Invalid", action: "load", subject, state, hint, cause: result.issues });
}

/** Longer strings are content. */
const MAX_PATH_LENGTH = 1024;

/**
 * Returns the materializer of a value, or `as`, which it remembers. A string that names a file or
 * folder of this machine is `Invalid`: it would be saved as text, while nearly all who pass a path
 * mean what it names.
 */
export function materializerFor(
  materializers: Materializers,
  name: string,
  value: unknown,
  as?: Materializer,
): Materializer {
  if (as !== undefined) {
    checkMaterializer(as);
    materializers.remember(as);
    return as;
  }
  const materializer = materializers.forValue(value);
  if (typeof value === "string" && materializer.id === "text" && isPath(value)) {
    const path = JSON.stringify(value);
    throw invalid("save", shown(name), `the string ${path} names a file or folder`, {
      hint: `Pass localPath(${path}) to save what it names, or { as: text() }.`,
    });
  }
  return materializer;
}

/** Returns whether a path exists. Deno does not prompt for the permission to know it. */
function isPath(text: string): boolean {
  if (text === "" || text.length > MAX_PATH_LENGTH || /[\0\n\r]/.test(text)) return false;
  const fs = builtinModule<typeof FileSystem>("node:fs");
  return fs !== undefined && isGranted({ name: "read", path: text }) && fs.existsSync(text);
}
