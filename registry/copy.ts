/**
 * Copying a version under another ref, without materializing it.
 *
 * @module
 */
import type { Artifact } from "../core/artifact.ts";
import { RegistryError } from "../core/errors.ts";
import type { FileToSave } from "../core/materializer.ts";
import { shown } from "../core/naming/names.ts";
import { parseRef } from "../core/naming/refs.ts";
import type { CopyOptions, SavedArtifact } from "../core/registry.ts";
import type { Context } from "./opening/context.ts";
import { withArtifact } from "./load.ts";
import { saveFiles } from "./save.ts";
import { fileFacts } from "../core/record/file_facts.ts";

/** {@linkcode Registry.copy} */
export async function copyVersion(
  context: Context,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<SavedArtifact> {
  const target = parseRef(to);
  const { selector } = target;
  if (!target.bare && selector.kind !== "version") {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot copy to ${shown(to)}: not a name or a name with a version`,
      hint: `Examples: "model", "model@2.0.0".`,
    });
  }
  const version = selector.kind === "version" ? selector.version.full : undefined;
  const { signal } = options;
  return await withArtifact(context, parseRef(from), { signal, verify: "integrity", fresh: true }, (artifact) => {
    const { name, materializer, metadata, inputs } = artifact.info;
    // Under the same name the payload is shared; under another one its bytes are copied, for payloads never cross names.
    const base = name === target.name ? `${name}@${artifact.info.version}` : undefined;
    const members = inputs.length > 0 ? { inputs } : {};
    const files = { name: target.name, materializer, members, produce: () => filesOf(artifact) };
    return saveFiles(context, files, { ...options, version, base, metadata });
  });
}

function filesOf(artifact: Artifact): FileToSave[] {
  return artifact.files().map((file) => {
    const { path, size } = file.info;
    return { path, ...fileFacts(file.info), content: { size, stream: () => file.stream() } };
  });
}
