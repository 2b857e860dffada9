// Named registries of the user: `@team` for `s3://bucket/team`. They are in a configuration file
// without secrets: `{ "registries": { "team": { "location": "s3://bucket/team" } } }`. Other
// members of the file stay.
import fs from "node:fs";
import { isAbsolute, join } from "node:path";
import process from "node:process";
import { userFolder } from "../../core/naming/user_folder.ts";
import { errorCode } from "../../disk/file_errors.ts";
import { mayRead } from "../../core/may_read.ts";
import { denied, invalid, notFound, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { realSystem, type System } from "../../core/system.ts";
import { isJsonObject } from "../../core/text/json_text.ts";

export interface Remote {
  /** An absolute path, or a URL without credentials. */
  location: string;
  /** File with the token of a service, an absolute path. */
  tokenFile?: string;
}

/** The configuration file and its registries. */
export interface Remotes {
  /** Path of the file, even if it does not exist; undefined without a home folder. */
  file?: string;
  registries: Readonly<Record<string, Remote>>;
}

export interface RemotesOptions {
  /** @default the real system */
  system?: System;
}

interface Configuration {
  registries?: Record<string, Remote>;
}

/** Write permissions of group and others. */
const WRITTEN_BY_OTHERS = 0o022;

/**
 * Reads the named registries in `holdfast/config.json` of `$XDG_CONFIG_HOME` (XDG Base Directory
 * Specification 0.8), else of `~/.config`. There are none if the file is missing or not readable.
 *
 * @throws {RegistryError} `Invalid` for an invalid file, `Denied` for one that others can write,
 * because they could redirect data
 */
export function readRemotes({ system = realSystem }: RemotesOptions = {}): Remotes {
  const file = configurationFile(system);
  if (file === undefined) return { registries: {} };
  const { registries = {} } = readConfiguration(file);
  return {
    file,
    registries: Object.fromEntries(Object.entries(registries).sort(([a], [b]) => a < b ? -1 : 1)),
  };
}

/** Returns why a location or token file cannot be used; undefined if both can. */
export function remoteProblem(remote: unknown): string | undefined {
  const { location, tokenFile } = isJsonObject(remote) ? remote : {};
  const isPlace = typeof location === "string" &&
    (isAbsolute(location) || /^[a-z][a-z0-9+.-]+:/i.test(location));
  if (!isPlace) return "its location is neither an absolute path nor a URL";
  const { username = "", password = "" } = URL.parse(location) ?? {};
  if (username + password !== "") return "its location contains credentials";
  const isFile = tokenFile === undefined || typeof tokenFile === "string" && isAbsolute(tokenFile);
  return isFile ? undefined : "its tokenFile is not an absolute path";
}

/** True for a name that a registry may have in the configuration of a user. */
export function isRemoteName(text: string): boolean {
  return typeof text === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) &&
    text !== "__proto__";
}

/**
 * Returns the registry with this name, without the `@`. Throws `NotFound`, with a list of names.
 */
export function remoteOf(name: string, options: RemotesOptions = {}): Remote {
  const { file, registries } = readRemotes(options);
  if (Object.hasOwn(registries, name)) return registries[name]!;
  const names = Object.keys(registries).map((other) => `@${other}`);
  const where = file === undefined ? "the home folder is unknown" : `not in ${shown(file)}`;
  const known = names.length === 0 ? "" : `, or use ${names.join(", ")}`;
  throw notFound("find the registry", `@${name}`, where, {
    hint: `Pass its location${known}. For a folder of that name, write ${shown(`./@${name}`)}.`,
    reason: { kind: "remote_missing", name, others: known },
  });
}

/** Returns the folder of a user's configuration; undefined without a home folder. */
export function configurationFolder({ env }: System): string | undefined {
  return userFolder(env, ["XDG_CONFIG_HOME", ".config"]);
}

export function configurationFile(system: System): string | undefined {
  const folder = configurationFolder(system);
  return folder === undefined ? undefined : join(folder, "config.json");
}

/** Reads the file. Returns an empty configuration if it is missing or not readable. */
export function readConfiguration(file: string): Configuration {
  if (!mayRead(file)) return {};
  let text: string;
  try {
    const { mode } = fs.statSync(file);
    if (process.platform !== "win32" && (mode & WRITTEN_BY_OTHERS) !== 0) {
      const state = `other users can write to ${shown(file)}`;
      throw denied("use names of registries", undefined, state, { hint: `Run chmod go-w ${file}` });
    }
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(code)) return {};
    if (code === "EISDIR") throw unusable(file, "it is a folder");
    throw error;
  }
  return parseConfiguration(text, file);
}

export function parseConfiguration(text: string, file: string): Configuration {
  let configuration: unknown;
  try {
    configuration = JSON.parse(text);
  } catch (cause) {
    // The rest of the message quotes the file.
    const [, at] = /position (\d+)/.exec((cause as Error).message) ?? [];
    const line = text.slice(0, Number(at ?? 0)).split("\n").length;
    throw unusable(file, `invalid JSON${at === undefined ? "" : `, see line ${line}`}`, cause);
  }
  const { registries = {} } = isJsonObject(configuration)
    ? configuration
    : { registries: undefined };
  if (!isJsonObject(configuration) || !isJsonObject(registries)) {
    throw unusable(file, "it is not { registries: { … } }");
  }
  for (const [name, remote] of Object.entries(registries)) {
    const problem = isRemoteName(name) ? remoteProblem(remote) : "invalid name";
    if (problem !== undefined) throw unusable(file, `${shown(name)}: ${problem}`);
  }
  return configuration as Configuration;
}

function unusable(file: string, state: string, cause?: unknown): RegistryError {
  return invalid("read the names of registries in", shown(file), state, {
    hint: "Fix the file, or remove it and add its registries again.",
    reason: { kind: "remotes_damaged" },
    cause,
  });
}
