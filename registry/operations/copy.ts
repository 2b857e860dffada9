// Copying a version without materializing it.
import type { Artifact } from "../../core/artifact.ts";
import { fault } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { CopyOptions, SavedArtifact } from "../../core/registry.ts";
import type { Context } from "./context.ts";
import { withArtifact } from "./load.ts";
import { saveFiles } from "./save.ts";
import { copiedFields } from "./saving/check_options.ts";
import { fileToSave } from "../../core/registry/artifact_file.ts";

export async function copyVersion(
  context: Context,
  from: string,
  to: string,
  options: CopyOptions = {},
): Promise<SavedArtifact> {
  const target = parseRef(to);
  const { selector } = target;
  if (!target.bare && selector.kind !== "version") {
    const state = "expected NAME or NAME@VERSION";
    const hint = 'Pass "model" or "model@2.0.0".';
    throw fault({ code: "Invalid", action: "copy to", subject: shown(to), state, hint });
  }
  const version = selector.kind === "version" ? selector.version.full : undefined;
  const { signal } = options;
  const save = (artifact: Artifact) => {
    const { info } = artifact;
    const { materializer } = info, members = copiedFields(info);
    // Payloads are shared within a name; for another name, the store copies them.
    const base = `${info.name}@${info.version}`;
    const produce = () => info.files.values().map((file) => fileToSave(artifact, file));
    const files = { name: target.name, materializer, members, wholeBase: true, produce };
    return saveFiles(context, files, { ...options, version, base });
  };
  const reading = { signal, verify: "integrity", fresh: true } as const;
  return await withArtifact(context, parseRef(from), reading, save);
}
