// Materializing an opened version.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import type { MaterializeOptions, Materializer, Materializers } from "../../core/materializer.ts";
import { RESOLVED, type ResolvedOptions } from "./verb_call.ts";
import type { LoadOptions } from "../../core/registry.ts";
import { shownIssue, type StandardSchema } from "../../core/standard_schema.ts";
import type { LoadLimit } from "./load_limit.ts";

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
  checkSavedBy(as, artifact.info);
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
  const issues = result.issues.slice(0, 5).map(shownIssue).join("; ");
  const subject = `"${name}@${version}"`;
  const state = `the value does not match the schema: ${issues}`;
  const hint = "Load it without the schema to inspect the value.";
  throw fault({ code: "Invalid", action: "load", subject, state, hint, cause: result.issues });
}
