// Writes signatures beside a download.
import {
  constants,
  copyFile,
  link,
  mkdir,
  readdir,
  readFile,
  rm,
  stat,
  writeFile,
} from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { ArtifactInfo } from "../../../mod.ts";
import { alreadyExists, notFound, realSystem } from "../../../core/kernel.ts";
import { bundleFiles } from "./beside.ts";
import type { SignatureCheck } from "../report.ts";

interface WriteOptions {
  /** Replaces files of these names. @default false */
  overwrite?: boolean;
}

/**
 * Writes signatures of a version into a folder, and returns their file names: `model.sig`, and of
 * several `model.ID.sig`. An existing file with the same content is kept; any other is an error.
 */
export async function writeBundles(
  info: ArtifactInfo,
  checks: readonly SignatureCheck[],
  folder: string,
  options?: WriteOptions,
): Promise<string[]> {
  const files = bundleFiles(info, checks);
  if (files.length === 0) {
    const isWrong = checks.every(({ state }) => state === "wrong");
    const taken = isWrong ? "it has only wrong ones" : "its own files have these names";
    const state = checks.length === 0 ? "it has none" : taken;
    throw notFound("write the signatures of", `${info.name}@${info.version}`, state, {
      hint: "Sign the version first.",
    });
  }
  await mkdir(folder, { recursive: true });
  await writeAll(files.map(({ path, bytes }) => ({ path: join(folder, path), bytes })), options);
  return files.map(({ path }) => path);
}

/** Writes those of a version that was downloaded as one file: `FILE.sig`, and `FILE.ID.sig`. */
export async function writeBesideFile(
  info: ArtifactInfo,
  file: string,
  options?: WriteOptions,
): Promise<string[]> {
  const all = bundleFiles(info).map(({ path, bytes }) => ({
    path: path.replace(/^model(?=\.)/, () => file),
    bytes,
  }));
  await writeAll(all, options);
  return all.map(({ path }) => basename(path));
}

async function writeAll(
  files: readonly { path: string; bytes: Uint8Array }[],
  { overwrite = false }: WriteOptions = {},
): Promise<void> {
  const differing = [];
  for (const file of files) {
    await removeLeftovers(file.path);
    const present = await readFile(file.path).catch((cause) => {
      if (cause.code === "EISDIR") throw exists(file.path, cause, "a folder has its name");
      if (cause.code !== "ENOENT") throw cause;
    });
    if (present !== undefined && !overwrite && !present.equals(file.bytes)) throw exists(file.path);
    if (!present?.equals(file.bytes)) differing.push(file);
  }
  for (const { path, bytes } of differing) await writeWhole(path, bytes, overwrite);
}

/** A file takes seconds to write. */
const STALE_MS = 60_000;

/**
 * Removes partial files of killed programs: `model_signing` would refuse the folder, and a save would
 * add them to the version.
 */
async function removeLeftovers(path: string): Promise<void> {
  const folder = dirname(path), begin = `.${basename(path)}.`;
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.startsWith(begin) || !PARTIAL_END.test(name.slice(begin.length))) continue;
    const partial = join(folder, name);
    const stats = await stat(partial).catch(() => undefined); // removed meanwhile
    if (stats === undefined || realSystem.now() - stats.mtimeMs < STALE_MS) continue;
    await rm(partial, { force: true });
  }
}

/** The end of the name of a partial file: an id. */
const PARTIAL_END = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.partial$/;

/** Writes a file atomically: a killed program leaves no partial file under its name. */
async function writeWhole(path: string, bytes: Uint8Array, overwrite: boolean): Promise<void> {
  const partial = join(dirname(path), `.${basename(path)}.${realSystem.id()}.partial`);
  try {
    await writeFile(partial, bytes, { flag: "wx", flush: true });
    if (overwrite) await rm(path, { force: true });
    await link(partial, path).catch(async (cause) => {
      if (cause.code === "EEXIST") throw exists(path, cause);
      await copyFile(partial, path, constants.COPYFILE_EXCL); // a disk without hard links
    });
  } finally {
    await rm(partial, { force: true });
  }
}

function exists(path: string, cause?: unknown, state = "another file exists") {
  const hint = "Move the file away, or choose another folder.";
  return alreadyExists("write the signature", path, state, {
    hint,
    cause,
  });
}
