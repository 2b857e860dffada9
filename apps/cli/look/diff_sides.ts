// The two sides of `holdfast diff`, and the content of their files.
import { lstat, readFile, readlink } from "node:fs/promises";
import { join, resolve } from "node:path";
import { diffValues, isRegistryError, type Registry, RegistryError } from "../../../mod.ts";
import type { FileChange, ValueChange } from "../../../registry/mod.ts";
import type { FileInfo } from "../../../materializers/mod.ts";
import { parseExactJson } from "../../../core/text/json_text.ts";
import { loadPart } from "../../../core/urls/load_part.ts";
import { looksLikeLocation } from "../places/find_registry.ts";
import { lookUp, notFound, shellWord, withHints } from "../terminal/hints.ts";
import { printable } from "../terminal/table.ts";
import { readValue } from "../values/value_source.ts";
import type { CliIo } from "../terminal/cli_io.ts";

export interface DiffSide {
  /** `name@version`, or the path. */
  readonly label: string;
  /** The argument of `diffVersions`: a ref, or a file or folder. */
  readonly compared: unknown;
  bytes(file: FileInfo): Promise<Uint8Array>;
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
      const isPath = await lstat(path).then(() => true, () => false);
      if (!isRegistryError(error, "NotFound") || !isPath) throw error;
      const { code, message } = error;
      const hint = `For the file or folder of that name write ${shellWord(`./${text}`)}`;
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

export interface ContentDifference {
  /** Differences of JSON files. */
  values?: ValueChange[];
  /** The output of `diff -u` for other text files. */
  text?: string;
}

/** The largest file whose content is compared, bytes. */
const MAX_BYTES = 4 * 1024 * 1024;

/** The used part of `apps/diff.ts`. */
interface DiffPart {
  unifiedDiff(
    before: { name: string; text: string },
    after: { name: string; text: string },
  ): string | undefined;
}

/** Compares the content of a file: JSON by structure, other text by line. */
export async function differenceOf(
  change: FileChange,
  { before, after }: { before: DiffSide; after: DiffSide },
): Promise<ContentDifference> {
  if (change.change === "renamed") return {};
  const [old, now] = await Promise.all([
    textOf(change.before, before),
    textOf(change.after, after),
  ]);
  if (old === undefined || now === undefined) return {};
  if (change.change === "changed" && [change.before, change.after].every(isJson)) {
    const values = jsonDifference(old, now);
    if (values.length > 0) return { values };
  }
  const { unifiedDiff } = await loadPart<DiffPart>("../../diff.ts", import.meta.url);
  const named = (side: DiffSide, file: FileInfo | undefined, text: string) => {
    const name = file === undefined ? "/dev/null" : printable(`${side.label} ${file.path}`);
    return { name, text };
  };
  return { text: unifiedDiff(named(before, change.before, old), named(after, change.after, now)) };
}

/** Returns the text of a file, empty if missing; undefined if it is binary or too large. */
async function textOf(file: FileInfo | undefined, side: DiffSide): Promise<string | undefined> {
  if (file === undefined || file.mode === "folder") return "";
  if (file.size > MAX_BYTES) return undefined;
  const bytes = await side.bytes(file);
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isJson(file: FileInfo | undefined): boolean {
  return /\.json$/i.test(file?.path ?? "") || file?.mediaType === "application/json";
}

/** Compares two JSON texts; returns nothing if one is invalid or has numbers that would change. */
function jsonDifference(before: string, after: string): ValueChange[] {
  try {
    return diffValues(parseExactJson(before), parseExactJson(after));
  } catch {
    return [];
  }
}
