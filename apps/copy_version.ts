// Copies one version to another registry, by the methods of every registry.
import type { ArtifactInput } from "../core/record.ts";
import { fileToSave } from "../core/registry/artifact_file.ts";
import type { FileToSave, Materializer } from "../core/materializer.ts";
import type { CopyOptions, Registry, SavedArtifact, SaveOptions } from "../core/registry.ts";
import { checkToolOptions, type OptionNames } from "../core/options/check_options.ts";
import { parseRef, parseTarget } from "../core/naming/refs.ts";
import { unsupported } from "../core/errors.ts";
import { shown } from "../core/naming/names.ts";
import { RELEASE } from "../core/registry/release.ts";

/** Options of {@linkcode copyVersion}. */
export interface CopyVersionOptions extends CopyOptions {
  /** The target. */
  to: Registry;
  /** The name in the target, or `name@version`. @default the same name, its next version */
  as?: string;
}

const OPTIONS: OptionNames<CopyVersionOptions> = {
  to: true,
  as: true,
  onConflict: true,
  onProgress: true,
  signal: true,
};

/**
 * Copies a version to another registry, with its files, metadata and recorded inputs. If both are at
 * one endpoint of S3 or in Google Cloud Storage, and the credentials of the target may read the source,
 * the store copies the objects itself. All other bytes pass through this program once and are checked
 * against their SHA-256. The copy has a new date. Within one registry, use `copy`.
 *
 * @throws {RegistryError} `Invalid` for unknown options, and as `open` and `save` do
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { copyVersion } from "@holdfast/holdfast/maintenance";
 * import { assertEquals } from "@std/assert";
 *
 * await using team = await openRegistry("memory:");
 * await using own = await openRegistry("memory:");
 * await team.save("my:model", { depth: 12 });
 * await copyVersion(team, "my:model@1", { to: own, as: "renamed" });
 * assertEquals(await own.load("renamed"), { depth: 12 });
 * ```
 */
export async function copyVersion(
  from: Registry,
  ref: string,
  options: CopyVersionOptions,
): Promise<SavedArtifact> {
  const action = `copy ${shown(ref)}`;
  checkToolOptions(action, from, options, undefined, ["to"]);
  checkToolOptions(action, options.to, options, OPTIONS);
  const { to, as, onConflict = "fail", onProgress, signal } = options;
  if (from.id === to.id && from.location === to.location) {
    return await from.copy(ref, as ?? parseRef(ref).name, { onConflict, onProgress, signal });
  }
  const artifact = await from.open(ref, { signal });
  const { name, metadata, inputs, materializer: { id, formatVersion } } = artifact.info;
  if (id === RELEASE) {
    const hint = "Mirror its name, which copies the members first: mirrorRegistry(from, to, …).";
    const state = "it is a release, whose members may be missing in the target";
    throw unsupported("copy", shown(ref), state, { hint });
  }
  const { version, name: target } = parseTarget(as ?? name);
  // Without `load`, the target does not remember it for its own loads.
  const materializer: Omit<Materializer, "load"> = {
    id,
    formatVersion,
    async *save(): AsyncGenerator<FileToSave> {
      for (const file of artifact.info.files.values()) yield fileToSave(artifact, file);
    },
  };
  const saving = { version, metadata, onConflict, onProgress, signal };
  const more = { inputs: inputs.map(recorded), as: materializer as Materializer };
  return await to.save(target, undefined, { ...saving, ...more });
}

/** Returns an input as the source recorded it: the target does not resolve it. */
function recorded(input: ArtifactInput): NonNullable<SaveOptions["inputs"]>[number] {
  const { ref, digest } = typeof input === "string" ? { ref: input } : input;
  return { ref, digest: digest ?? null };
}
