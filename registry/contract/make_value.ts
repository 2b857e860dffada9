// From an opened version to its value.
import type { Artifact, ArtifactInfo } from "../../core/artifact.ts";
import { fault, isRegistryError, messageOf } from "../../core/errors.ts";
import type { MaterializeOptions, Materializer, Materializers } from "../../core/materializer.ts";
import { RESOLVED, type ResolvedOptions } from "./verb_call.ts";
import type { LoadOptions } from "../../core/registry.ts";
import { shownIssue, type StandardSchema } from "../../core/standard_schema.ts";
import type { LoadLimit } from "./load_limit.ts";

/** How a value is made. */
export interface MakeValueOptions
  extends Pick<LoadOptions, "as" | "schema" | "signal">, ResolvedOptions {
  materializers: Materializers;
  limit: LoadLimit;
}

/**
 * The value of a version, by the materializer that its record names or that the caller gives, checked by the schema.
 *
 * @param materialize makes the value elsewhere than here
 * @throws {RegistryError} `Unsupported`, `Invalid` where the materializer is another one, or the value does not meet the
 * schema; `TaskFailed` where the caller's code fails
 */
export async function makeValue(
  artifact: Artifact,
  options: MakeValueOptions,
  materialize: (
    materializer: Materializer,
    artifact: Artifact,
    options: MaterializeOptions,
  ) => unknown = loadHere,
): Promise<unknown> {
  const {
    materializers,
    limit,
    schema,
    signal,
    as = materializers.get(artifact.info.materializer.id),
  } = options;
  options[RESOLVED]?.(artifact.info.version);
  checkSavedBy(as, artifact.info);
  const value = await ofCaller(
    artifact.info,
    options,
    () => limit.together(() => materialize(as, artifact, { signal })),
  );
  return schema === undefined ? value : await checkSchema(schema, value, artifact.info, options);
}

function loadHere(
  materializer: Materializer,
  artifact: Artifact,
  options: MaterializeOptions,
): unknown {
  return materializer.load(artifact, options);
}

/** Runs the caller's own code: what it throws is told from what the store does. */
async function ofCaller<T>(
  { name, version }: ArtifactInfo,
  { signal }: MaterializeOptions,
  code: () => T | Promise<T>,
): Promise<T> {
  try {
    return await code();
  } catch (error) {
    if (isRegistryError(error) || signal?.aborted) throw error;
    throw fault({
      code: "TaskFailed",
      action: "load",
      subject: `"${name}@${version}"`,
      state: `the caller's code failed: ${messageOf(error)}`,
      hint: "The cause says what the materializer, the schema or onProgress met.",
      cause: error,
    });
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
  throw fault({
    code: "Invalid",
    action: "load",
    subject: `"${name}@${version}"`,
    state: `the value does not meet the schema: ${
      result.issues.slice(0, 5).map(shownIssue).join("; ")
    }`,
    hint: "Load it without the schema to see the value, or save one that meets it.",
    cause: result.issues,
  });
}
