/**
 * Where the registry of a run is.
 *
 * @module
 */
import { readFileSync, statSync } from "node:fs";
import { parse } from "@std/dotenv";
import { dirname, join, resolve } from "node:path";
import { checkStoreUrl, isStoreUrl } from "../../backends/mod.ts";
import { RegistryError } from "../../mod.ts";
import { mayRead } from "./may_read.ts";
import { checkServiceAddress, isServiceAddress } from "./service_address.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** The folder that holds a registry where nothing else is said. */
export const DEFAULT_FOLDER = ".holdfast";

const VARIABLE = "HOLDFAST_REGISTRY";

/** A registry's place and who named it. */
export interface FoundRegistry {
  /** An absolute path, or a URL. */
  location: string;
  /** `--registry`, `HOLDFAST_REGISTRY`, `.env`, or the folder that holds it. */
  from: string;
  /** The token of a service, where the `.env` that names it has one. */
  token?: string;
}

/** True for what can only be a place, not a name: `./r`, `../r`, `/r`, `file:…`, `s3://…`. */
export function looksLikeLocation(text: string): boolean {
  return /^(\.{1,2}($|\/)|\/|[a-z][a-z0-9+.-]+:\/)/.test(text);
}

/** An absolute path, or a URL as it is. `Invalid` for one that is wrong; such a one is not shown, it may hold credentials. */
export function toLocation(text: string, cwd: string): string {
  if (/^file:/i.test(text)) return text;
  if (isServiceAddress(text)) {
    checkServiceAddress(text);
    return text;
  }
  if (isStoreUrl(text)) {
    checkStoreUrl(text); // here, before anything shows it
    return text;
  }
  if (/^[a-z][a-z0-9+.-]+:\/(?!\/)/i.test(text)) {
    throw new RegistryError({
      code: "Invalid",
      message: `Cannot read the place ${
        JSON.stringify(text.slice(0, text.indexOf(":") + 2))
      }…: a URL has two slashes there`,
      hint: "Write s3://bucket/prefix; for a folder of that name write ./ before it.",
    });
  }
  if (!/^memory:/i.test(text)) return resolve(cwd, text);
  throw new RegistryError({
    code: "Invalid",
    message: "Cannot open a registry in memory: it would be gone when the command ends",
    hint: "Give a folder, or the URL of a bucket.",
  });
}

/**
 * Finds the registry: as given, else by `HOLDFAST_REGISTRY` in the environment, else in the `.env` of the current
 * folder, else the nearest `.holdfast` folder upward. `NotFound` where there is none.
 */
export function findRegistry(given: string | undefined, io: CliIo): FoundRegistry {
  if (given !== undefined) return { location: toLocation(given, io.cwd), from: "--registry" };
  const named = io.system.env(VARIABLE);
  if (named) return { location: toLocation(named, io.cwd), from: VARIABLE };
  const { [VARIABLE]: fromFile, HOLDFAST_TOKEN: token } = parse(readTextIfThere(join(io.cwd, ".env")));
  if (fromFile) return { location: toLocation(fromFile, io.cwd), from: ".env", ...(token ? { token } : {}) };
  let unseen = false;
  for (let folder = io.cwd;; folder = dirname(folder)) {
    const location = join(folder, DEFAULT_FOLDER);
    const found = look(location);
    if (found === "folder") return { location, from: folder };
    unseen ||= found === "unseen";
    if (dirname(folder) === folder) break;
  }
  throw new RegistryError({
    code: "NotFound",
    message: `Cannot find a registry: there is no ${DEFAULT_FOLDER} folder here or above`,
    hint: `Run "holdfast init" to create one here, or name one with --registry or ${VARIABLE}.` +
      (unseen ? " Folders that this program may not read were passed over: see --allow-read." : ""),
  });
}

function readTextIfThere(path: string): string {
  if (!mayRead(path)) return "";
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error) || isUnseen(error)) return "";
    throw error;
  }
}

function look(path: string): "folder" | "none" | "unseen" {
  if (!mayRead(path)) return "unseen";
  try {
    return statSync(path).isDirectory() ? "folder" : "none";
  } catch (error) {
    if (isAbsent(error)) return "none";
    if (isUnseen(error)) return "unseen";
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
}

/** A place that this user may not look at names no registry. */
function isUnseen(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EACCES";
}
