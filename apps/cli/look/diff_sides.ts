// The two that `holdfast diff` compares, and the content of their files.
import { lstat, readFile, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { FileInfo } from "../../../materializers/mod.ts";
import { isRegistryError, type Registry, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { looksLikeLocation } from "../places/find_registry.ts";
import { lookUp, shellWord, withHints } from "../program/hints.ts";
import { readValue } from "../values/value_source.ts";
import type { CliIo } from "../terminal/cli_io.ts";

export interface DiffSide {
  /** How it is called: `name@version`, or the path. */
  readonly label: string;
  /** What `diffVersions` takes: a ref, or a file or folder. */
  readonly compared: unknown;
  bytes(file: FileInfo): Promise<Uint8Array>;
}

/** A version of the registry, which is named exactly from now on. */
export async function versionSide(
  registry: Registry,
  ref: string,
  { signal }: CliIo,
): Promise<DiffSide> {
  const isPath = looksLikeLocation(ref);
  const artifact = await withHints(
    registry.open(ref, { signal }),
    isPath
      ? {
        NotFound: `The version comes first, and the path after it: holdfast diff REF ${
          shellWord(ref)
        }`,
      }
      : lookUp(ref),
  );
  const { name, version } = artifact.info;
  const label = `${name}@${version}`;
  return { label, compared: label, bytes: (file) => artifact.file(file.path).bytes() };
}

/** A file or folder on this disk where that is what is named (`./data`, `/data`), else a version. */
export async function otherSide(registry: Registry, text: string, io: CliIo): Promise<DiffSide> {
  const path = resolve(io.cwd, text);
  if (!looksLikeLocation(text)) {
    return await versionSide(registry, text, io).catch(async (error) => {
      if (!isRegistryError(error, "NotFound") || !await isThere(path)) throw error;
      const { code, message } = error;
      const hint = `There is a file or folder of that name: write ${
        shellWord(`./${text}`)
      } for it.`;
      throw new RegistryError({ code, message, hint, cause: error });
    });
  }
  const compared = await readValue(path, io, { links: "keep" });
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

async function isThere(path: string): Promise<boolean> {
  return await lstat(path).then(() => true, () => false);
}

/** The version that came before the one that a ref means, by their numbers. */
export async function versionBefore(
  registry: Registry,
  after: DiffSide,
  { signal }: CliIo,
): Promise<string> {
  const [name, version] = after.label.split("@");
  let isNext = false;
  for await (const entry of registry.versions(name, { signal })) {
    if (isNext) return `${name}@${entry.version}`;
    isNext = entry.version === version.replace(/\+.*/, "");
  }
  throw fault({
    code: "NotFound",
    action: "compare",
    subject: `${after.label} with the version before it`,
    state: "there is none",
    hint: "Name what it shall be compared with: holdfast diff A B",
  });
}
