// Signatures as files beside a download: `model.sig`, as other tools name it.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { alreadyExists, type ArtifactInfo, notFound } from "../core/kernel.ts";
import { bundleText } from "./bundle.ts";
import { bundleNames, type SignatureCheck } from "./report.ts";
import { statementOf } from "./statement.ts";
import { storedIn } from "./stored.ts";

/**
 * Writes signatures of a version into a folder, and returns their file names: `model.sig`, and of
 * several `model.ID.sig`. Replaces no file.
 */
export async function writeBundles(
  info: ArtifactInfo,
  checks: readonly SignatureCheck[],
  folder: string,
): Promise<string[]> {
  const stored = storedIn(info.annotations?.labels ?? {});
  const names = bundleNames(checks);
  if (names.size === 0) {
    const state = checks.length === 0 ? "it has none" : "it has only wrong ones";
    throw notFound("write the signatures of", `${info.name}@${info.version}`, state, {
      hint: "Sign the version first.",
    });
  }
  await mkdir(folder, { recursive: true });
  for (const [id, name] of names) {
    const parts = stored.get(id);
    if (parts === undefined) continue;
    const payload = parts.payload ?? statementOf(parts.subject, info.files);
    const path = join(folder, name);
    await writeFile(path, `${bundleText({ ...parts, payload })}\n`, { flag: "wx" }).catch(
      (cause) => {
        if (cause.code !== "EEXIST") throw cause;
        const hint = "Move the file away, or choose another folder.";
        throw alreadyExists("write the signature", path, "it exists", { hint, cause });
      },
    );
  }
  return [...names.values()];
}
