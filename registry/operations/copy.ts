// Copying a version without materializing it.
import type { Artifact } from "../../core/artifact.ts";
import { parseRef, parseTarget } from "../../core/naming/refs.ts";
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
  const { name, version } = parseTarget(to);
  const { signal } = options;
  const save = (artifact: Artifact) => {
    const { info } = artifact;
    const { materializer } = info, members = copiedFields(info);
    // Payloads are shared within a name; for another name, the store copies them.
    const base = `${info.name}@${info.version}`;
    const produce = () => info.files.values().map((file) => fileToSave(artifact, file));
    const files = { name, materializer, members, wholeBase: true, produce };
    return saveFiles(context, files, { ...options, version, base });
  };
  const reading = { signal, verify: "integrity", fresh: true } as const;
  return await withArtifact(context, parseRef(from), reading, save);
}
