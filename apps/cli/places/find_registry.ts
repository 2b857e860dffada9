// The location of the registry of a run, and where its credentials are.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { driverOf } from "../../../backends/drivers.ts";
import type { FoundCredentials } from "../../../core/driver.ts";
import {
  DEFAULT_FOLDER,
  findRegistry as find,
  isRemoteName,
  readRemotes,
  tokenSourceOf,
} from "../../../registry/places/mod.ts";
import type { FindRegistryOptions, FoundRegistry } from "../../../registry/places/mod.ts";
import { alreadyExists, unsupported } from "../../../core/errors.ts";
import type { TokenSource } from "../program/token_source.ts";
import { shellWord } from "../terminal/hints.ts";
import type { CliIo } from "../terminal/cli_io.ts";

/** Returns true for a location that cannot be a name: `./r`, `/r`, `file:…`, `s3://…`, `@team`. */
export function looksLikeLocation(text: string): boolean {
  return /^(\.{1,2}($|\/)|\/|[a-z][a-z0-9+.-]+:\/|@[^/]+\/?$)/.test(text);
}

/**
 * Finds the registry as `openRegistry` does: as given, then `HOLDFAST_REGISTRY` in the environment
 * or in `.env` of the current folder, then the nearest `.holdfast` folder upward.
 *
 * @param named a folder, a URL, `@team`, or `team`; a folder of that name is `./team`
 */
export function findRegistry(
  named: string | undefined,
  { cwd, system }: Pick<CliIo, "cwd" | "system">,
  options: Pick<FindRegistryOptions, "create" | "upward"> = {},
): FoundRegistry {
  const isName = named !== undefined && isRemoteName(named) &&
    Object.hasOwn(readRemotes({ system }).registries, named);
  return find(isName ? `@${named}` : named, { cwd, system, ...options });
}

/** Throws `Unsupported` for a service if the command needs direct access to the store. */
export function refuseService({ kind }: FoundRegistry, action: string): void {
  if (kind !== "service") return;
  const state = "the command needs direct access to the store";
  const hint = "Run it with the folder or bucket URL of the store.";
  throw unsupported(`${action} through a service`, undefined, state, { hint });
}

/** Left by an interrupted creation, or present on a new disk. */
const HARMLESS = [".stage", ".lock", "settings", "lost+found"];

/** Refuses to create a registry in a folder with other files. */
export async function refuseForeign(path: string): Promise<void> {
  const entries = await readdir(path).catch((error) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  if (entries.every((name) => HARMLESS.includes(name))) return;
  const state = "the folder contains other files";
  const hint =
    `Use a new folder (${shellWord(join(path, DEFAULT_FOLDER))}), or create it there anyway: ` +
    `holdfast init ${shellWord(path)} --force`;
  throw alreadyExists(`create a registry in ${path}`, undefined, state, { hint });
}

/** Finds the token of a service among those of extensions. */
function tokenElsewhere(
  location: string,
  { io: { system }, tokens }: { io: Pick<CliIo, "system">; tokens: readonly TokenSource[] },
): FoundCredentials {
  const all = tokens.map((source) => source.find(location, system));
  const given = "no token: neither HOLDFAST_TOKEN nor --token-file is set";
  const where = [given, ...all.map((each) => each.where)].join(", and ");
  return all.find(({ found }) => found) ?? { found: false, where };
}

/** Finds where the credentials of a registry are, never what they are. */
export async function findCredentials(
  found: FoundRegistry,
  { io, tokens }: { io: Pick<CliIo, "cwd" | "system">; tokens: readonly TokenSource[] },
): Promise<FoundCredentials> {
  if (found.kind === "folder") return { found: true, where: "none needed: a folder" };
  if (found.kind === "service") {
    const source = tokenSourceOf(found, { system: io.system });
    if ("tokenFile" in source) return { found: true, where: `token in ${source.tokenFile}` };
    if ("none" in source) return tokenElsewhere(found.location, { io, tokens });
    const where = found.token === source.token ? found.envFile : "HOLDFAST_TOKEN";
    return { found: true, where: `token in ${where}` };
  }
  const { driver, place } = driverOf(found.location);
  if (driver?.findCredentials !== undefined) return await driver.findCredentials(place, io);
  const where = driver ? "none needed" : `unknown: no driver for the scheme ${place.scheme}:`;
  return { found: driver !== undefined, where };
}
