// Where the registry of a program is, when it does not say so itself, or says so by a name.
import { readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { mayRead } from "../../core/may_read.ts";
import { type Advice, fault, joinHints, RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { isGranted, realSystem, type System } from "../../core/system.ts";
import { checkStoreUrl, driverOf } from "../../backends/drivers.ts";
import { isStoreUrl } from "../../core/urls/store_url.ts";
import { isRegistryFolder } from "../../core/naming/registry_folder.ts";
import { remoteOf } from "./remotes.ts";
import { checkServiceAddress, isServiceAddress } from "./service_address.ts";

/** The folder that holds a registry where nothing else is said. */
export const DEFAULT_FOLDER = ".holdfast";

/** The environment variable that names the registry. */
export const REGISTRY_VARIABLE = "HOLDFAST_REGISTRY";

/** A registry's place and who named it. */
export interface FoundRegistry {
  /** An absolute path, or a URL. */
  location: string;
  kind: "folder" | "store" | "service";
  /**
   * Who named it: the argument, the variable `HOLDFAST_REGISTRY`, the same in a `.env`, that it is the nearest
   * `.holdfast` upward, or nobody: then it is `./.holdfast`.
   */
  by: "argument" | "variable" | "env-file" | "upward" | "default";
  /** The name that it has in the configuration of this user, where that was said: `team` for `@team`. */
  remote?: string;
  /** Where a `.env` says it: that file. */
  envFile?: string;
  /** The token of a service, where the `.env` that names it has one. */
  token?: string;
  /** The file with the token of a service, where the configuration of this user says so. */
  tokenFile?: string;
}

/** Options for {@linkcode findRegistry}. */
export interface FindRegistryOptions {
  /** What relative paths begin at, and where is looked. @default the current folder */
  cwd?: string;
  /** Whether folders upward are looked at, where nobody names one. @default true */
  upward?: boolean;
  /** Whether `./.holdfast` is the place where nothing is found; else `NotFound`. @default false */
  create?: boolean;
  /** The environment. @default the real one */
  system?: System;
}

/**
 * Finds the registry: as given, else by `HOLDFAST_REGISTRY` in the environment, else in the `.env` of the current
 * folder, else the nearest `.holdfast` folder upward. Each may be a path, a `file:` URL, the URL of a store, the address
 * of a service, or `@team`, a name of {@linkcode readRemotes}. Nothing is opened, and nobody asked for a permission: what
 * may not be read is passed over.
 *
 * @throws {RegistryError} `NotFound` where there is none; `Invalid` for a place that cannot be, which is not shown: it
 * may hold credentials
 */
export function findRegistry(
  given: string | undefined,
  options: FindRegistryOptions = {},
): FoundRegistry {
  const { system = realSystem, cwd = process.cwd(), upward = true, create = false } = options;
  const at = { cwd, system };
  if (given !== undefined) return { ...readPlace(given, at), by: "argument" };
  const named = system.env(REGISTRY_VARIABLE);
  if (named) return { ...readPlace(named, at), by: "variable" };
  const envFile = join(cwd, ".env");
  const { [REGISTRY_VARIABLE]: fromFile, HOLDFAST_TOKEN: token } = parseEnv(
    readTextIfThere(envFile),
  );
  if (fromFile) {
    const place = readPlace(fromFile, at);
    if (place.remote === undefined && place.kind === "store") {
      checkForeignEndpoint(place.location, envFile);
    }
    return { ...place, by: "env-file", envFile, ...(token ? { token } : {}) };
  }
  let unseen = false;
  for (let folder = cwd; upward; folder = dirname(folder)) {
    const location = join(folder, DEFAULT_FOLDER);
    const found = look(location);
    if (found === "folder") return { location, kind: "folder", by: "upward" };
    unseen ||= found === "unseen";
    if (dirname(folder) === folder) break;
  }
  if (create) return { location: join(cwd, DEFAULT_FOLDER), kind: "folder", by: "default" };
  throw fault({
    code: "NotFound",
    action: "find a registry",
    state: `there is no ${DEFAULT_FOLDER} folder here or above`,
    ...joinHints(
      howToName(upward ? registryAround(cwd) : undefined),
      unseen
        ? { hint: "Folders that this program may not read were passed over: see --allow-read." }
        : {},
      isGranted({ name: "env", variable: REGISTRY_VARIABLE })
        ? {}
        : { hint: "The variable may not be read: see --allow-env." },
    ),
  });
}

/** Where there is no registry: how to create one, or to name the one around the current folder. */
function howToName(around: string | undefined): Advice {
  if (around === undefined) {
    const create = "Create one here: openRegistry(undefined, { create: true }), or name one:";
    const init = 'Run "holdfast init" to create one here, or name one with --registry or';
    return {
      hint: `${create} openRegistry(place), or ${REGISTRY_VARIABLE}.`,
      hints: { cli: `${init} ${REGISTRY_VARIABLE}.` },
    };
  }
  const told = (way: string) => `${shown(around)} is a registry itself: name it, as by ${way}.`;
  const [hint, cli] = [`openRegistry(${shown(around)})`, `--registry ${shown(around)}`].map(told);
  return { hint, hints: { cli } };
}

/** The nearest folder upward that is a registry itself. */
function registryAround(folder: string): string | undefined {
  if (mayRead(folder) && isRegistryFolder(folder)) return folder;
  return dirname(folder) === folder ? undefined : registryAround(dirname(folder));
}

/** Who named the place, in words that follow "The place": `is named by HOLDFAST_REGISTRY`. Undefined for an argument. */
export function originOf({ by, remote, envFile }: FoundRegistry): string | undefined {
  const name = remote === undefined ? "" : ` as @${remote}`;
  if (by === "variable") return `is named by ${REGISTRY_VARIABLE} in the environment${name}`;
  if (by === "env-file") return `is named by ${REGISTRY_VARIABLE} in ${envFile}${name}`;
  if (by === "upward") return `is the nearest ${DEFAULT_FOLDER} upward of the current folder`;
  if (by === "default") return `is ./${DEFAULT_FOLDER}, as nothing names another`;
  return remote === undefined ? undefined : `is what @${remote} stands for: holdfast remote ls`;
}

/** A path of a registry in a folder, where that one has its registry in `.holdfast`; undefined where it has none. */
export function registryInside(
  { kind, location }: Pick<FoundRegistry, "kind" | "location">,
): string | undefined {
  if (kind !== "folder") return undefined;
  try {
    const path = join(
      /^file:/i.test(location) ? fileURLToPath(location) : location,
      DEFAULT_FOLDER,
    );
    return look(path) === "folder" ? path : undefined;
  } catch {
    return undefined; // no folder can have this URL
  }
}

/** What the token of a service is read from: as {@linkcode tokenSourceOf} says. */
export type TokenSource = { token: string } | { tokenFile: string } | { none: true };

/**
 * Where the token of a service is. Where a `.env` names its address, only that may say one: whoever wrote the file is not
 * to be sent what the environment has for another.
 */
export function tokenSourceOf(
  found: FoundRegistry,
  { system = realSystem }: { system?: System } = {},
): TokenSource {
  const { by, remote, token, tokenFile } = found;
  if (tokenFile !== undefined) return { tokenFile };
  const said = by === "env-file" && remote === undefined ? token : system.env("HOLDFAST_TOKEN");
  return said ? { token: said } : { none: true };
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

/**
 * Throws `Invalid` for an endpoint to which a request would reveal a token of yours: whoever wrote a `.env` is not to be
 * sent that.
 */
function checkForeignEndpoint(location: string, envFile: string): void {
  const { driver, place: { parameters } } = driverOf(location);
  if (parameters.endpoint === undefined) return;
  const endpoint = new URL(parameters.endpoint);
  const vendor = driver?.tokenRevealedTo?.(endpoint);
  if (vendor === undefined) return;
  throw fault({
    code: "Invalid",
    action: "use the registry that",
    subject: `${shown(envFile)} names`,
    state: `your token for ${vendor} would be sent to ${shown(endpoint.hostname)}`,
    hint:
      `If you trust that host, name the registry yourself: by ${REGISTRY_VARIABLE} in the environment, an argument, ` +
      "or holdfast remote add.",
  });
}

function toPlace(text: string, cwd: string): Pick<FoundRegistry, "location" | "kind"> {
  if (text === "" || /^~(\/|$)/.test(text)) {
    throw new RegistryError({
      code: "Invalid",
      message: text === ""
        ? "Cannot find the registry: its place is empty"
        : `Cannot find the registry at ${JSON.stringify(text)}: only a shell knows what ~ means`,
      hint: text === ""
        ? "Is a variable of the shell not set? The current folder is written as a dot: ."
        : `Write the folder in full: a shell replaces ~ at the beginning of a word without quotes alone. A folder that ` +
          `is called ~ is "./${text}".`,
    });
  }
  if (/^file:/i.test(text)) return { location: text, kind: "folder" };
  if (isServiceAddress(text)) {
    checkServiceAddress(text);
    return { location: text, kind: "service" };
  }
  if (isStoreUrl(text)) {
    checkStoreUrl(text); // here, before anything shows it
    return { location: text, kind: "store" };
  }
  if (/^[a-z][a-z0-9+.-]+:\/(?!\/)/i.test(text)) {
    throw fault({
      code: "Invalid",
      action: "read the place",
      subject: `${JSON.stringify(text.slice(0, text.indexOf(":") + 2))}…`,
      state: "a URL has two slashes there",
      hint: "Write s3://bucket/prefix; for a folder of that name write ./ before it.",
    });
  }
  if (!/^memory:/i.test(text)) return { location: resolve(cwd, text), kind: "folder" };
  throw fault({
    code: "Invalid",
    action: "go on with a registry in memory",
    state: "it would be gone when the program ends",
    hint: "Give a folder, or the URL of a bucket.",
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
