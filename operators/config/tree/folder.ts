// The files of a configuration: all of them in one folder.
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from "@std/path";
import { errorCode, fileError } from "../../../disk/file_errors.ts";
import { fault } from "../../../core/errors.ts";
import type { ConfigSource } from "./node.ts";

export const EXTENSIONS: readonly string[] = [".yaml", ".yml", ".toml", ".json"];

/** No file has more bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface ConfigFolder {
  /** All its files are in here; absolute, as it is without links. */
  readonly root: string;
  /** The file that it begins with, absolute. */
  readonly main: string;
  readonly name: string;
  /** Reads a file of it, named by an absolute path; a text says why it cannot be read. */
  read(path: string): ConfigSource | string;
  /** Names of the files in a folder of it; undefined where there is no such folder. */
  list(folder: string): string[] | undefined;
}

/**
 * Finds a configuration: the file, or `conf/pipeline.yaml` or `pipeline.yaml` (or `.yml`, `.toml`, `.json`) in the folder.
 *
 * @throws {RegistryError} `NotFound`
 */
export function findConfig(path: string, { cwd }: { cwd: string }): ConfigFolder {
  const given = resolve(cwd, path);
  const main = isFolder(given, path) ? mainIn(given, path) : given;
  const folder = dirname(main);
  const root = realpathSync(basename(folder) === "conf" ? dirname(folder) : folder);
  const stem = basename(main, extname(main));
  return {
    root,
    main: join(realpathSync(folder), basename(main)),
    name: stem === "pipeline" ? basename(root) : stem,
    read: (file) => readInside(root, file, shownPath(file, root, cwd)),
    list(folder) {
      try {
        return readdirSync(join(root, folder)).filter((name) => EXTENSIONS.includes(extname(name)))
          .sort();
      } catch (error) {
        if (errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR") return undefined;
        throw fileError("list", folder, error);
      }
    },
  };
}

function isFolder(path: string, given: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (errorCode(error) !== "ENOENT" && errorCode(error) !== "ENOTDIR") {
      throw fileError("read", given, error);
    }
    throw fault({
      code: "NotFound",
      action: "read the pipeline",
      subject: given,
      state: "there is no such file or folder",
      hint: "Check the path, or let one be written: holdfast pipeline init",
      cause: error,
    });
  }
}

function mainIn(folder: string, given: string): string {
  for (const place of ["conf", "."]) {
    for (const extension of EXTENSIONS) {
      const path = join(folder, place, `pipeline${extension}`);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
    }
  }
  throw fault({
    code: "NotFound",
    action: "read the pipeline",
    subject: given,
    state: "the folder has neither conf/pipeline.yaml nor pipeline.yaml",
    hint: "Name the file, or let one be written: holdfast pipeline init",
  });
}

/** Reads a file that must be in a folder, also where links lead. */
function readInside(root: string, path: string, file: string): ConfigSource | string {
  try {
    const real = realpathSync(path);
    const inside = relative(root, real);
    if (inside.startsWith("..") || isAbsolute(inside)) {
      return "it is outside of the configuration's folder";
    }
    const { size } = statSync(real);
    if (size > MAX_BYTES) return `it has ${size} bytes, ${MAX_BYTES} are allowed`;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(real));
    return { file, text };
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file";
    if (code === "EISDIR") return "it is a folder";
    if (error instanceof TypeError) return "its text is not UTF-8";
    return code === "EACCES" ? "it may not be read" : (error as Error).message;
  }
}

function shownPath(path: string, root: string, cwd: string): string {
  let from = cwd;
  try {
    from = realpathSync(cwd);
  } catch {
    return path;
  }
  const near = relative(from, path);
  const isNear = !near.startsWith("..") || relative(from, root).startsWith("..");
  return isNear && !near.startsWith(join("..", "..", "..")) ? near : path;
}
