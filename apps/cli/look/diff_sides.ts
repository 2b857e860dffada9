// The two sides of `holdfast diff`.
import { lstat, readFile, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { isRegistryError, type Registry, RegistryError } from "../../../mod.ts";
import type { ComparedFiles } from "../../difference/file_content.ts";
import { looksLikeLocation } from "../places/find_registry.ts";
import { lookUp, notFound, shellWord, withHints } from "../terminal/hints.ts";
import { readValue } from "../values/value_source.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { mayRead } from "../../../core/may_read.ts";

/** A side whose label is `name@version`, or the path. */
interface DiffSide extends ComparedFiles {
  /** The argument of `diffVersions`: a ref, or a file or folder. */
  readonly compared: unknown;
}

/** Opens a version of the registry, and pins it. */
export async function versionSide(
  registry: Registry,
  ref: string,
  { signal }: CliIo,
): Promise<DiffSide> {
  const hint = `Pass the version first, then the path: holdfast diff REF ${shellWord(ref)}`;
  const hints = looksLikeLocation(ref) ? { NotFound: hint } : lookUp(ref);
  const artifact = await withHints(registry.open(ref, { signal }), hints);
  const { name, version } = artifact.info;
  const label = `${name}@${version}`;
  return { label, compared: label, bytes: (file) => artifact.file(file.path).bytes() };
}

/** Opens a file or folder for a path (`./data`, `/data`), otherwise a version. */
export async function otherSide(registry: Registry, text: string, io: CliIo): Promise<DiffSide> {
  const path = resolve(io.cwd, text);
  if (!looksLikeLocation(text)) {
    return await versionSide(registry, text, io).catch(async (error) => {
      const isPath = mayRead(path) && await lstat(path).then(() => true, () => false);
      if (!isRegistryError(error, "NotFound") || !isPath) throw error;
      const { code, message } = error;
      const hint = `For the file or folder of that name write ${shellWord(`./${text}`)}`;
      throw new RegistryError({ code, message, hint, cause: error });
    });
  }
  const compared = await readValue(path, io, { links: "keep", allowEmpty: true });
  const isFolder = (await lstat(path)).isDirectory();
  return {
    label: text,
    compared,
    async bytes(file) {
      const at = isFolder ? join(path, file.path) : path;
      return file.mode === "link"
        ? new TextEncoder().encode(await readlink(at))
        : await readFile(at);
    },
  };
}

export async function versionBefore(
  registry: Registry,
  after: DiffSide,
  { signal }: CliIo,
): Promise<string> {
  const [name = "", version = ""] = after.label.split("@");
  let isNext = false;
  for await (const entry of registry.versions(name, { signal })) {
    if (isNext) return `${name}@${entry.version}`;
    isNext = entry.version === version.replace(/\+.*/, "");
  }
  const action = `compare ${after.label} with the version before it`;
  throw notFound(action, "there is no earlier version", "Pass both versions: holdfast diff A B");
}
