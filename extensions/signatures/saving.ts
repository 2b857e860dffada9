// The option --signatures of `save` and `import files`: signatures that lie beside the files of a
// folder are kept.
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { type CommandContext, invalid, notFound } from "../../apps/cli/extending.ts";
import { isRegistryError } from "../../core/kernel.ts";
import { readAnnotations } from "../../registry/mod.ts";
import type { Beside, ImportedFolder } from "../../apps/cli/program/extension.ts";
import { hintFor, readAdded } from "./added.ts";
import { bundleIn, readBundle } from "./bundle.ts";
import { addSignature } from "./signatures.ts";
import { storedIn } from "./stored.ts";

const NAMES = /^model(\.[0-9a-f]{16})?\.sig$/;

/**
 * Reads the signatures in a folder, `model.sig` and `model.ID.sig`, or beside a file, `FILE.sig`.
 * They are added to the version as signatures, not as files, and must be of exactly its files.
 */
export async function keepSignatures(
  source: string,
  context: CommandContext,
): Promise<Beside | undefined> {
  if (source === "-") {
    throw invalid("save the signatures of standard input", "it has none", "Omit --signatures.");
  }
  const path = resolve(context.io.cwd, source);
  const stats = await stat(path).catch(() => undefined);
  if (stats === undefined) return undefined; // the save has an error of its own
  const isFolder = stats.isDirectory();
  const folder = isFolder ? path : resolve(path, "..");
  const names = isFolder ? NAMES : namesBeside(basename(path));
  const found = (await readdir(folder, { withFileTypes: true }))
    .filter((entry) => names.test(entry.name) && (entry.isFile() || entry.isSymbolicLink()))
    .map(({ name }) => name).sort();
  if (found.length === 0) {
    throw notFound(
      `save the signatures of ${source}`,
      "it has none",
      isFolder ? "Omit --signatures, or add model.sig." : "Omit --signatures, or add FILE.sig.",
    );
  }
  const bundles: string[] = [];
  for (const name of found) {
    const content = Readable.toWeb(createReadStream(join(folder, name)));
    bundles.push(await bundleIn(content as ReadableStream<Uint8Array>));
  }
  return { files: isFolder ? found : [], ...keeping(source, { found, bundles }, context) };
}

/** Reads the signatures among the files of a folder that is imported. Others have none. */
export async function keepAmong(
  { path: source, files }: ImportedFolder,
  context: CommandContext,
): Promise<Beside | undefined> {
  const found = files.filter(({ path }) => NAMES.test(path));
  if (found.length === 0) return undefined;
  const bundles: string[] = [];
  for (const { content } of found) {
    const body = "stream" in content ? content.stream() : content;
    bundles.push(await bundleIn(new Response(body as BodyInit).body));
  }
  const names = found.map(({ path }) => path);
  return { files: names, ...keeping(source, { found: names, bundles }, context) };
}

/** Returns how signatures are compared with the files of a source, and added to its version. */
function keeping(
  source: string,
  { found, bundles }: { found: readonly string[]; bundles: readonly string[] },
  { io: { system, signal }, note }: CommandContext,
): Pick<Beside, "check" | "after"> {
  return {
    check(files) {
      try {
        for (const bundle of bundles) readAdded(bundle, files, source);
      } catch (error) {
        if (!isRegistryError(error, "Conflict", "Unsupported")) throw error;
        const state = error.state ?? error.message;
        const hint = hintFor(state, "Sign these files, or omit --signatures.");
        throw invalid(`save the signatures of ${source}`, state, hint);
      }
    },
    async after({ registry, name, version }) {
      const ref = `${name}@${version}`;
      try {
        const { labels = {} } = await readAnnotations(registry, ref, { signal }) ?? {};
        const present = new Set([...storedIn(labels).values()].map((stored) => stored?.sig));
        for (const bundle of bundles) {
          if (present.has(readBundle(bundle).sig)) continue; // the source is imported again
          await addSignature(registry, ref, { bundle, system, signal });
        }
      } catch (error) {
        await note(`${ref} is saved, but not all of its signatures are`);
        throw error;
      }
      return { signatures: found };
    },
  };
}

function namesBeside(file: string): RegExp {
  const escaped = file.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped}(\\.[0-9a-f]{16})?\\.sig$`);
}
