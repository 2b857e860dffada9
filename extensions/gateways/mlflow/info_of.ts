// Descriptions of versions without their files, of which a version may have any number.
import type { ArtifactInfo, Registry } from "../../../mod.ts";

/** Returns the description of a version, with its notes; undefined if it is not there. */
export async function infoOf(
  registry: Registry,
  name: string,
  version: string,
): Promise<ArtifactInfo | undefined> {
  const asked = { range: version, details: true, withoutFiles: true, limit: 1 };
  for await (const { info, error } of registry.versions(name, asked)) {
    if (error !== undefined) throw error;
    return info;
  }
}
