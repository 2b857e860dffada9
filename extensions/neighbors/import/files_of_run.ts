import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { fileToSave } from "../../../core/kernel.ts";
import { countsOfFiles } from "./counts.ts";

/** True for the points of a run, and for what an import adds. */
export function isOwnFile(path: string, { metadata }: Pick<ArtifactInfo, "metadata">): boolean {
  return path.startsWith(".mlflow/") || [metadata.curves].flat().includes(path);
}

/** Returns the files of a run that is here, which a version shares; undefined if it has none there. */
export async function filesOfRun(
  registry: Registry,
  { name, version, folder }: { name: string; version: string; folder: string },
) {
  const artifact = await registry.open(name, { version });
  const prefix = folder === "" ? "" : `${folder}/`;
  const files = artifact.info.files
    .filter(({ path }) => path.startsWith(prefix) && !isOwnFile(path, artifact.info))
    .map((file) => fileToSave(artifact, file, file.path.slice(prefix.length)));
  const problems: string[] = [];
  if (files.length === 0) return undefined;
  return { files, problems, has: countsOfFiles(files), base: `${name}@${version}` };
}
