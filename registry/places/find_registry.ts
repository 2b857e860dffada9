// Finding the registry of a program: by argument, environment, or folder.
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { mayRead } from "../../core/may_read.ts";
import { type Advice, invalid, notFound } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { isGranted, realSystem, type System } from "../../core/system.ts";
import { checkStoreUrl, driverOf, isBucketScheme } from "../../backends/drivers.ts";
import { parseVariables } from "../../core/text/variables_file.ts";
import { decodeWritten } from "../../core/text/written_text.ts";
import { checkLocalPath } from "../../core/urls/local_path.ts";
import { isStoreUrl } from "../../core/urls/store_url.ts";
import { isRegistryFolder } from "../../core/naming/registry_folder.ts";
import { remoteOf } from "./remotes.ts";

/** The folder of a registry, if no other is named. */
export const DEFAULT_FOLDER = ".holdfast";

const REGISTRY_VARIABLE = "HOLDFAST_REGISTRY";

/** @internal */
export interface FoundRegistry {
  /** An absolute path, or a URL. */
  location: string;
  kind: "folder" | "store" | "service";
  /**
   * Origin: an argument, `HOLDFAST_REGISTRY` in the environment or in a `.env`, the nearest
   * `.holdfast` upward, or the default `./.holdfast`.
   */
  by: "argument" | "variable" | "env-file" | "upward" | "default";
  /** Its name in the user's configuration: `team` for `@team`. */
  remote?: string;
  /** The `.env` file that names it. */
  envFile?: string;
  /** The token in that `.env` file. */
  token?: string;
  /** The token file in the user's configuration. */
  tokenFile?: string;
}

/** @internal */
export interface FindRegistryOptions {
  /** Base of relative paths and start of the search. @default the current folder */
  cwd?: string;
  /** Searches parent folders. @default true */
  upward?: boolean;
  /** Returns `./.holdfast` if nothing is found, else throws `NotFound`. @default false */
  create?: boolean;
  /** @default the real system */
  system?: System;
}

/**
 * Finds the registry: the argument, else `HOLDFAST_REGISTRY` in the environment, else in `.env` of
 * the current folder, else the nearest `.holdfast` folder upward. Each may be a path, a `file:`
 * URL, a store URL, a service address, or a name of {@linkcode readRemotes} such as `@team`. Opens
 * nothing and skips what it has no permission to read.
 *
 * @throws {RegistryError} `NotFound` if there is none, `Invalid` for an invalid location, which is
 * not shown because it may contain credentials
 */
export function findRegistry(
  argument: string | undefined,
  options: FindRegistryOptions = {},
): FoundRegistry {
  const { system = realSystem, cwd = process.cwd(), upward = true, create = false } = options;
  const at = { cwd, system };
  if (argument !== undefined) return { ...readPlace(argument, at), by: "argument" };
  const named = system.env(REGISTRY_VARIABLE);
  if (named) return { ...readPlace(named, at), by: "variable" };
  const envFile = join(cwd, ".env");
  const variables = parseVariables(readText(envFile), envFile);
  const fromFile = variables.valueOf(REGISTRY_VARIABLE);
  if (fromFile) {
    const token = variables.valueOf("HOLDFAST_TOKEN");
    const place = readPlace(fromFile, at);
    if (place.remote === undefined && place.kind === "store") {
      checkForeignEndpoint(place.location, envFile);
    }
    return { ...place, by: "env-file", envFile, ...(token ? { token } : {}) };
  }
  let unseen = false;
  for (let folder = cwd; upward; folder = dirname(folder)) {
    const location = join(folder, DEFAULT_FOLDER);
    const state = look(location);
    if (state === "folder") return { location, kind: "folder", by: "upward" };
    unseen ||= state === "unseen";
    if (dirname(folder) === folder) break;
  }
  if (create) return { location: join(cwd, DEFAULT_FOLDER), kind: "folder", by: "default" };
  const state = `no ${DEFAULT_FOLDER} folder in this folder or its parents`;
  const grants = [
    unseen ? " Pass --allow-read to search the folders that were skipped." : "",
    isGranted({ name: "env", variable: REGISTRY_VARIABLE })
      ? ""
      : ` Pass --allow-env to read ${REGISTRY_VARIABLE}.`,
  ].join("");
  const around = upward ? registryAround(cwd) : undefined;
  throw notFound("find a registry", undefined, state, howToName(around, grants));
}

/** Returns the advice to create a registry, or to name the one around the current folder. */
function howToName(around: string | undefined, grants: string): Advice {
  if (around !== undefined) {
    return {
      hint: `${shown(around)} is a registry: use openRegistry(${shown(around)}).${grants}`,
      reason: { kind: "registry_around", folder: around, grants },
    };
  }
  const create = "Create one here with openRegistry(undefined, { create: true }), or use";
  return {
    hint: `${create} openRegistry(location), or ${REGISTRY_VARIABLE}.${grants}`,
    reason: { kind: "registry_missing", grants },
  };
}

/** Returns the nearest folder upward that is a registry itself. */
function registryAround(folder: string): string | undefined {
  if (mayRead(folder) && isRegistryFolder(folder)) return folder;
  return dirname(folder) === folder ? undefined : registryAround(dirname(folder));
}

/** Returns the origin as a phrase after "The location"; undefined for an argument. */
export function originOf({ by, remote, envFile }: FoundRegistry): string | undefined {
  const name = remote === undefined ? "" : ` as @${remote}`;
  if (by === "variable") return `is named by ${REGISTRY_VARIABLE} in the environment${name}`;
  if (by === "env-file") return `is named by ${REGISTRY_VARIABLE} in ${envFile}${name}`;
  if (by === "upward") return `is the nearest ${DEFAULT_FOLDER} in the current folder or above`;
  if (by === "default") return `is the default, ./${DEFAULT_FOLDER}`;
  return remote === undefined ? undefined : `is that of @${remote}`;
}

/** Returns the path of the `.holdfast` registry inside a folder; undefined if there is none. */
export function registryInside(
  { kind, location }: Pick<FoundRegistry, "kind" | "location">,
): string | undefined {
  if (kind !== "folder") return undefined;
  try {
    const folder = /^file:/i.test(location) ? fileURLToPath(location) : location;
    const path = join(folder, DEFAULT_FOLDER);
    return look(path) === "folder" ? path : undefined;
  } catch {
    return undefined; // a URL without a path
  }
}

export type TokenSource = { token: string } | { tokenFile: string } | { none: true };

/**
 * Returns the source of a service's token: that of its name, `HOLDFAST_TOKEN`, or the file of
 * `HOLDFAST_TOKEN_FILE`. If a `.env` file names the address, only that file can provide it: the
 * environment's token must not be sent to an address that others wrote.
 */
export function tokenSourceOf(
  place: FoundRegistry,
  { system = realSystem }: { system?: System } = {},
): TokenSource {
  const { by, remote, token, tokenFile } = place;
  if (tokenFile !== undefined) return { tokenFile };
  const isForeign = by === "env-file" && remote === undefined;
  const value = isForeign ? token : system.env("HOLDFAST_TOKEN");
  if (value) return { token: value };
  const file = isForeign ? undefined : system.env("HOLDFAST_TOKEN_FILE");
  return file ? { tokenFile: file } : { none: true };
}

function readPlace(
  text: string,
  { cwd, system }: Required<Pick<FindRegistryOptions, "cwd" | "system">>,
): Pick<FoundRegistry, "location" | "kind" | "remote" | "tokenFile"> {
  if (!text.startsWith("@")) return toPlace(text, cwd);
  const remote = text.slice(1).replace(/\/$/, "");
  const { location, tokenFile } = remoteOf(remote, { system });
  return { ...toPlace(location, cwd), remote, ...(tokenFile === undefined ? {} : { tokenFile }) };
}

/** Throws `Invalid` for an endpoint in a `.env` file that would receive one of your tokens. */
function checkForeignEndpoint(location: string, envFile: string): void {
  const { driver, place: { parameters } } = driverOf(location);
  if (parameters.endpoint === undefined) return;
  const endpoint = new URL(parameters.endpoint);
  const vendor = driver?.tokenRevealedTo?.(endpoint);
  if (vendor === undefined) return;
  const state = `your token for ${vendor} would be sent to ${shown(endpoint.hostname)}`;
  throw invalid("use the registry from", shown(envFile), state, {
    hint: `If you trust that host, pass the registry to openRegistry, or in ${REGISTRY_VARIABLE}.`,
    reason: { kind: "host_untrusted" },
  });
}

function toPlace(text: string, cwd: string): Pick<FoundRegistry, "location" | "kind"> {
  if (text === "") {
    const hint = "Check that the shell variable is set; the current folder is a dot: .";
    throw invalid("find the registry", undefined, "its location is empty", { hint });
  }
  if (/^~(\/|$)/.test(text)) {
    const hint = `Write the absolute path, or ~ without quotes; a folder named ~ is "./${text}".`;
    const state = "only a shell expands ~";
    throw invalid("find the registry at", JSON.stringify(text), state, { hint });
  }
  if (/^file:/i.test(text)) return { location: text, kind: "folder" };
  if (isServiceAddress(text)) {
    checkServiceAddress(text);
    return { location: text, kind: "service" };
  }
  if (isStoreUrl(text)) {
    checkStoreUrl(text); // before anything shows it
    return { location: text, kind: "store" };
  }
  if (/^memory:/i.test(text)) {
    throw invalid("use a registry in memory", undefined, "it ends with the program", {
      hint: "Pass a folder or a bucket URL.",
    });
  }
  checkFolder(text, "open a registry at");
  return { location: resolve(cwd, text), kind: "folder" };
}

/** Throws `Invalid` for a location that lacks slashes or its colon, and for a URL. */
export function checkFolder(text: string, action: string): void {
  checkLocalPath(text, action);
  const scheme = /^([a-z][a-z0-9+.-]+)\/\//i.exec(text)?.[1];
  if (scheme === undefined || !isBucketScheme(scheme)) return;
  const hint = `Write ${scheme}://bucket/prefix. For a folder of that name write ./${scheme}/…`;
  throw invalid(action, `"${scheme}//…"`, "a URL needs a colon", { hint });
}

function readText(path: string): string {
  if (!mayRead(path)) return "";
  try {
    return decodeWritten(readFileSync(path));
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

/** True for a path that this user may not read. */
function isUnseen(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "EACCES";
}

function isServiceAddress(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Throws `Invalid` for an invalid address, or one that may contain a secret, without showing it.
 */
function checkServiceAddress(text: string): void {
  const url = URL.parse(text);
  const state = url === null
    ? "invalid URL"
    : url.username !== "" || url.password !== ""
    ? "it contains credentials"
    : url.search !== "" || url.hash !== ""
    ? "it has a query or a fragment"
    : undefined;
  if (state === undefined) return;
  const hint = "Write https://host:8600; pass the token as `token`, or in HOLDFAST_TOKEN.";
  const reason = { kind: "service_address" } as const;
  throw invalid("use the address of a service", undefined, state, { hint, reason });
}
