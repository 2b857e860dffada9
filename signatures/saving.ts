// The option --signatures of `save`: signatures that lie beside the files of a folder are kept.
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type CommandContext, invalid, notFound } from "../apps/cli/extending.ts";
import { isRegistryError } from "../core/kernel.ts";
import type { Saving } from "../apps/cli/program/extension.ts";
import { readAdded } from "./added.ts";
import { addSignature } from "./signatures.ts";

const NAMES = /^model(\.[0-9a-f]{16})?\.sig$/;

/**
 * Reads the signatures in a folder, `model.sig` and `model.ID.sig`, or beside a file, `FILE.sig`.
 * They are added to the version as signatures, not as files, and must be of exactly its files.
 */
export async function keepSignatures(
  source: string,
  { io: { cwd, system, signal }, note }: CommandContext,
): Promise<Awaited<ReturnType<Saving["before"]>>> {
  if (source === "-") {
    throw invalid("save the signatures of standard input", "it has none", "Omit --signatures.");
  }
  const path = resolve(cwd, source);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined; // the save has an error of its own
  const isFolder = stats.isDirectory();
  const folder = isFolder ? path : resolve(path, "..");
  const names = isFolder ? NAMES : namesBeside(basename(path));
  const found = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => names.test(entry.name) && !entry.isDirectory())
    .map(({ name }) => name).sort();
  if (found.length === 0) {
    throw notFound(
      `save the signatures of ${source}`,
      "it has none",
      isFolder ? "Omit --signatures, or add model.sig." : "Omit --signatures, or add FILE.sig.",
    );
  }
  const bundles: string[] = [];
  for (const name of found) bundles.push(await readFile(join(folder, name), "utf8"));
  return {
    files: isFolder ? found : [],
    check(files) {
      try {
        for (const bundle of bundles) readAdded(bundle, files, source);
      } catch (error) {
        if (!isRegistryError(error, "Conflict", "Unsupported")) throw error;
        const hint = "Sign these files, or omit --signatures.";
        throw invalid(`save the signatures of ${source}`, error.state ?? error.message, hint);
      }
    },
    async after({ registry, name, version }) {
      const ref = `${name}@${version}`;
      for (const bundle of bundles) {
        await addSignature(registry, ref, { bundle, system, signal }).catch(async (error) => {
          await note(`${ref} is saved, but not all of its signatures are`);
          throw error;
        });
      }
      return { signatures: found };
    },
  };
}

function namesBeside(file: string): RegExp {
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped}(\\.[0-9a-f]{16})?\\.sig$`);
}
