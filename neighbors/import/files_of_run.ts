import { fileToSave, type Registry } from "../../core/kernel.ts";

/** Returns the files of a run that is here, which a version shares; undefined if it has none there. */
export async function filesOfRun(
  registry: Registry,
  { name, version, folder }: { name: string; version: string; folder: string },
) {
  const artifact = await registry.open(name, { version });
  const prefix = folder === "" ? "" : `${folder}/`;
  const curves = [artifact.info.metadata.curves].flat();
  const files = artifact.info.files
    .filter(({ path }) =>
      path.startsWith(prefix) && !curves.includes(path) && !path.startsWith(".mlflow/")
    )
    .map((file) => fileToSave(artifact, file, file.path.slice(prefix.length)));
  const problems: string[] = [];
  return files.length === 0 ? undefined : { files, problems, base: `${name}@${version}` };
}
