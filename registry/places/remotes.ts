// Registries by names of this user's: `@team` for `s3://bucket/team`. They are in a file of the
// user's own, which holds no secrets: `{ "registries": { "team": { "location": "s3://bucket/team" }
// } }`. What else is in it stays.
import fs from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";
import { errorCode } from "../../disk/file_errors.ts";
import { mayRead } from "../../core/may_read.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { realSystem, type System } from "../../core/system.ts";

/** A registry that has a name of this user's. */
export interface Remote {
  /** An absolute path, or a URL without credentials. */
  location: string;
  /** Of a service: the file that holds its token, an absolute path. */
  tokenFile?: string;
}

/** The file, and what it says. */
export interface Remotes {
  /** Where the file is, or would be; undefined where no home folder is known. */
  file?: string;
  registries: Readonly<Record<string, Remote>>;
}

/** Whose file it is. */
export interface RemotesOptions {
  /** The environment. @default the real one */
  system?: System;
}

interface Configuration {
  registries?: Record<string, Remote>;
}

/** What group and others may do to a file that they may write to. */
const WRITTEN_BY_OTHERS = 0o022;

/**
 * Reads the registries that have names: of `holdfast/config.json` in `$XDG_CONFIG_HOME` (XDG Base Directory
 * Specification 0.8), else in `~/.config`. Where there is no such file, or it may not be read, there are none.
 *
 * @throws {RegistryError} `Invalid` for a file that cannot be understood, `Denied` for one that others may write to: they
 * would say where data goes
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

/**
 * Gives a registry a name, or takes one away where `remote` is undefined. The file is this user's alone.
 *
 * @returns the path of the file
 * @throws {RegistryError} `Invalid` for what is no name or no place, `Denied` where there is no home folder, or it may not be written
 */
export function setRemote(
  name: string,
  remote: Remote | undefined,
  { system = realSystem }: RemotesOptions = {},
): string {
  checkRemoteName(name);
  const state = remote && problemOf(remote);
  if (state !== undefined) {
    throw fault({
      code: "Invalid",
      action: "name a registry",
      subject: shown(name),
      state,
      hint:
        'Write it as { location: "s3://bucket/team" }: an absolute path, or a URL without credentials.',
    });
  }
  const file = configurationFile(system);
  if (file === undefined) {
    throw denied("HOME is not set, and neither is XDG_CONFIG_HOME", "Set one of them.");
  }
  const configuration = readConfiguration(file);
  const { [name]: _, ...others } = configuration.registries ?? {};
  const registries = remote === undefined ? others : { ...others, [name]: remote };
  const fresh = `${file}.${system.id()}`;
  try {
    fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    fs.writeFileSync(fresh, `${JSON.stringify({ ...configuration, registries }, undefined, 2)}\n`, {
      mode: 0o600,
    });
    fs.renameSync(fresh, file); // whoever reads it meanwhile has the old one or the new one
  } catch (cause) {
    throw denied(
      `${shown(file)} cannot be written (${(cause as Error).message})`,
      "Allow it, or set XDG_CONFIG_HOME.",
    );
  }
  return file;
}

/** Throws `Invalid` for what cannot be the name of a registry: it has letters, digits, dots, dashes and underscores. */
export function checkRemoteName(name: string): void {
  if (isRemoteName(name)) return;
  throw fault({
    code: "Invalid",
    action: "name a registry",
    subject: shown(name),
    state: "a name has letters, digits, dots, dashes and underscores",
    hint: "Take one word that begins with a letter or digit, such as team. It is used as @team.",
  });
}

/** What is wrong with a registry that has a name, if anything is. */
function problemOf(remote: unknown): string | undefined {
  const { location, tokenFile } = isObject(remote) ? remote : {};
  const isPlace = typeof location === "string" &&
    (isAbsolute(location) || /^[a-z][a-z0-9+.-]+:/i.test(location));
  if (!isPlace) return "its location is no absolute path and no URL";
  const { username = "", password = "" } = URL.parse(location) ?? {};
  if (username + password !== "") return "its location has credentials in it";
  const isFile = tokenFile === undefined || typeof tokenFile === "string" && isAbsolute(tokenFile);
  return isFile ? undefined : "its tokenFile is no absolute path";
}

/** Whether a registry can have this name. */
export function isRemoteName(text: string): boolean {
  return typeof text === "string" && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text) &&
    text !== "__proto__";
}

/**
 * The registry with this name, without the `@`.
 *
 * @throws {RegistryError} `NotFound`, which names those that there are
 */
export function remoteOf(name: string, options: RemotesOptions = {}): Remote {
  const { file, registries } = readRemotes(options);
  if (Object.hasOwn(registries, name)) return registries[name];
  const names = Object.keys(registries).map((other) => `@${other}`);
  const where = file === undefined
    ? "no home folder is known, where their names would be"
    : `not in ${shown(file)}`;
  throw fault({
    code: "NotFound",
    action: "find the registry",
    subject: `@${name}`,
    state: where,
    hint:
      `${names.length === 0 ? "No registry has a name yet." : `There is ${names.join(", ")}.`} ` +
      `Name one: holdfast remote add ${
        isRemoteName(name) ? name : "NAME"
      } PLACE. A folder of that name is ${shown(`./@${name}`)}.`,
  });
}

function configurationFile({ env }: System): string | undefined {
  const folder = env("XDG_CONFIG_HOME");
  if (folder && isAbsolute(folder)) return join(folder, "holdfast", "config.json"); // the specification: ignore relative paths
  const home = env("HOME") || env("USERPROFILE");
  return home && isAbsolute(home) ? join(home, ".config", "holdfast", "config.json") : undefined;
}

function readConfiguration(file: string): Configuration {
  if (!mayRead(file)) return {};
  let text: string;
  try {
    const { mode } = fs.statSync(file);
    if (process.platform !== "win32" && (mode & WRITTEN_BY_OTHERS) !== 0) {
      throw denied(`others may write to ${shown(file)}`, `Keep it to yourself: chmod go-w ${file}`);
    }
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    const code = errorCode(error) ?? "";
    if (["ENOENT", "ENOTDIR", "EACCES"].includes(code)) return {};
    if (code === "EISDIR") throw invalid(file, "it is a folder");
    throw error;
  }
  return parseConfiguration(text, file);
}

function parseConfiguration(text: string, file: string): Configuration {
  let said: unknown;
  try {
    said = JSON.parse(text);
  } catch (cause) {
    const [, at] = /position (\d+)/.exec((cause as Error).message) ?? []; // what else it says is a piece of the file
    throw invalid(
      file,
      `it is no JSON${at === undefined ? "" : `, see line ${lineOf(text, Number(at))}`}`,
      cause,
    );
  }
  const { registries = {} } = isObject(said) ? said : { registries: undefined };
  if (!isObject(said) || !isObject(registries)) {
    throw invalid(file, "it is not { registries: { … } }");
  }
  for (const [name, remote] of Object.entries(registries)) {
    const problem = isRemoteName(name) ? problemOf(remote) : "a registry cannot have this name";
    if (problem !== undefined) throw invalid(file, `${shown(name)}: ${problem}`);
  }
  return said as Configuration;
}

function lineOf(text: string, at: number): number {
  return text.slice(0, at).split("\n").length;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(file: string, state: string, cause?: unknown): RegistryError {
  return fault({
    code: "Invalid",
    action: "read the names of registries in",
    subject: shown(file),
    state,
    hint: "Mend the file, or remove it and name them again: holdfast remote add NAME PLACE",
    cause,
  });
}

function denied(state: string, hint: string): RegistryError {
  return fault({ code: "Denied", action: "use names of registries", state, hint });
}
