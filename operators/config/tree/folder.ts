// The files of a configuration, all in one folder.
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve, sep } from "node:path";
import { errorCode, fileError } from "../../../disk/file_errors.ts";
import { isWithin } from "../../../disk/target.ts";
import { fault, type RegistryError } from "../../../core/kernel.ts";
import type { Advice } from "../../../core/errors.ts";
import type { ConfigSource } from "./node.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

export const EXTENSIONS: readonly string[] = [".yaml", ".yml", ".json"];

/** Largest file, bytes. */
const MAX_BYTES = 16 * 1024 * 1024;

export interface ConfigFolder {
  /** Contains all its files; absolute, with links resolved. */
  readonly root: string;
  /** The first file, absolute. */
  readonly main: string;
  readonly name: string;
  /** Reads a file by its absolute path. Returns a string with the reason if that fails. */
  read(path: string): ConfigSource | string;
  /** Returns the names of the files in a folder; undefined if it does not exist. */
  list(folder: string): string[] | undefined;
}

/** Finds a configuration by its file, or its folder. Throws `NotFound`. */
export function findConfig(path: string, { cwd }: { cwd: string }): ConfigFolder {
  const absolutePath = resolve(cwd, path);
  const main = isFolder(absolutePath, path) ? mainIn(absolutePath, path) : absolutePath;
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
        if (isMissing(error)) return undefined;
        throw fileError("list", folder, error);
      }
    },
  };
}

function isFolder(path: string, argument: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    if (isMissing(error)) {
      const advice = {
        hint: "Check the path.",
        reason: pipelineReasons.of("pipeline_missing"),
      } as const;
      throw notFound(argument, "no such file or folder", advice, error);
    }
    throw fileError("read", argument, error);
  }
}

function isMissing(error: unknown): boolean {
  return errorCode(error) === "ENOENT" || errorCode(error) === "ENOTDIR";
}

function notFound(
  subject: string,
  state: string,
  advice: Advice,
  cause?: unknown,
): RegistryError {
  return fault({ code: "NotFound", action: "read the pipeline", subject, state, ...advice, cause });
}

function mainIn(folder: string, argument: string): string {
  for (const place of ["conf", "."]) {
    for (const extension of EXTENSIONS) {
      const path = join(folder, place, `pipeline${extension}`);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) return path;
    }
  }
  const state = "the folder has neither conf/pipeline.yaml nor pipeline.yaml";
  throw notFound(argument, state, {
    hint: "Pass the path of the file, or create it.",
    reason: pipelineReasons.of("pipeline_file_missing"),
  });
}

/** Reads a file inside a folder. Links must not lead outside. */
function readInside(root: string, path: string, file: string): ConfigSource | string {
  try {
    const real = realpathSync(path);
    if (!isWithin(root, real)) return "it is outside of that folder";
    const { size } = statSync(real);
    if (size > MAX_BYTES) return `it has ${size} bytes, at most ${MAX_BYTES} are allowed`;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(real));
    return { file, text };
  } catch (error) {
    if (isMissing(error)) return "no such file";
    const code = errorCode(error);
    if (code === "EISDIR") return "it is a folder";
    if (error instanceof TypeError) return "it is not UTF-8";
    return code === "EACCES" ? "permission denied" : (error as Error).message;
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
  const isNear = isWithin(from, path) || !isWithin(from, root);
  return isNear && near.split(sep)[2] !== ".." ? near : path;
}
