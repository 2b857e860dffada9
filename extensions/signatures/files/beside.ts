// Signatures as files beside those of a version: `model.sig`, as other tools name it.
import type { ArtifactInfo, Registry } from "../../../mod.ts";
import { isRegistryError } from "../../../core/kernel.ts";
import { bundleText } from "../bundle.ts";
import { bundleNames, reportOn, type SignatureCheck } from "../report.ts";
import { statementOf } from "../statement.ts";
import { storedIn } from "../stored.ts";

/** A bundle as a file. */
export interface BundleFile {
  path: string;
  mediaType: string;
  bytes: Uint8Array;
}

/** Returns the signatures of a version as files, without wrong ones. */
export function bundleFiles(
  info: ArtifactInfo,
  checks: readonly SignatureCheck[] = reportOn(info, []).report.signatures,
): BundleFile[] {
  const stored = storedIn(info.annotations?.labels ?? {});
  const files: BundleFile[] = [];
  for (const [id, path] of bundleNames(info, checks)) {
    const parts = stored.get(id);
    if (parts === undefined) continue;
    const payload = parts.payload ?? statementOf(parts.subject, info.files);
    const bytes = new TextEncoder().encode(`${bundleText({ ...parts, payload })}\n`);
    files.push({ path, mediaType: "application/vnd.dev.sigstore.bundle.v0.3+json", bytes });
  }
  return files;
}

/** The most entries of all statements of a version. More would slow down its listings. */
const MOST_ENTRIES = 20_000;

/** Reads them from a registry. Returns none if the version was replaced or has too many files. */
export async function bundleFilesOf(
  registry: Registry,
  { name, version, commit }: Pick<ArtifactInfo, "name" | "version" | "commit">,
): Promise<BundleFile[]> {
  const info = await registry.info(name, { version, annotations: true }).catch((error) => {
    if (!isRegistryError(error, "NotFound")) throw error;
  });
  if (info === undefined) return []; // deleted since it was opened, and its files are readable
  const entries = storedIn(info.annotations?.labels ?? {}).size * info.files.length;
  return info.commit === commit && entries <= MOST_ENTRIES ? bundleFiles(info) : [];
}
