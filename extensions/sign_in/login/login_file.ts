// The sign-ins of this user, in `logins.json` beside `config.json`: one for each service, with
// tokens, so only its owner may read it.
import fs from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import type { System } from "../../../mod.ts";
import {
  denied,
  fault,
  isGranted,
  isJsonObject,
  parsedJson,
  shellWord,
  shown,
} from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { FoundCredentials } from "../../../core/driver.ts";
import { errorCode, fileError, onDisk } from "../../../disk/file_errors.ts";
import { parseAddress } from "../../../apps/client/address.ts";
import { changeFile } from "../../../apps/change_file.ts";
import { configurationFolder } from "../../../registry/places/mod.ts";

/** A sign-in to one service. */
export interface Login {
  issuer: string;
  clientId: string;
  /** The member of the issuer's answers with the token for the service. */
  kind: "access_token" | "id_token";
  /** The `aud` that tokens must have. */
  audience: string;
  /** Parameters of requests for tokens. */
  parameters: Readonly<Record<string, string>>;
  tokenEndpoint: string;
  revocationEndpoint?: string;
  token: string;
  /** ISO 8601. */
  expiresAt: string;
  refreshToken?: string;
}

/** Sign-ins by the URL of their service, without a trailing slash. */
export type Logins = Readonly<Record<string, Login>>;

/** Permissions of group and others. */
const OF_OTHERS = 0o077;

const ACTION = "use the sign-ins of this user";

/** Returns the file of the sign-ins; undefined without a home folder. */
function loginFile(system: System): string | undefined {
  const folder = configurationFolder(system);
  return folder === undefined ? undefined : join(folder, "logins.json");
}

/**
 * Returns all sign-ins, none if the file is missing.
 *
 * @throws {RegistryError} `Denied` for a file that others can read or change, `Invalid` for a
 * damaged one
 */
export function readLogins(system: System): Logins {
  const file = loginFile(system);
  if (file === undefined || !isGranted({ name: "read", path: file })) return {};
  let text: string;
  try {
    const { mode } = fs.statSync(file);
    if (process.platform !== "win32" && (mode & OF_OTHERS) !== 0) throw readByOthers(file);
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return {};
    throw fileError("read", file, error);
  }
  return parseLogins(text, file);
}

/** Stores a sign-in, or removes it if `login` is undefined. The caller has the lock. */
export function setLogin(file: string, location: string, login: Login | undefined): void {
  changeFile("change", file, (text) => {
    const { [location]: _, ...others } = text === undefined ? {} : parseLogins(text, file);
    const logins = login === undefined ? others : { ...others, [location]: login };
    return `${JSON.stringify({ format: 1, logins }, undefined, 2)}\n`;
  });
}

function parseLogins(text: string, file: string): Logins {
  const content = parsedJson(text);
  if (content === undefined) throw damaged(file, "it is not JSON");
  const { format, logins } = isJsonObject(content) ? content : {};
  if (format !== 1) throw damaged(file, "it was written by another release");
  if (!isJsonObject(logins) || !Object.values(logins).every(isLogin)) {
    throw damaged(file, "an entry is damaged");
  }
  return logins as unknown as Logins;
}

function isLogin(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const { issuer, clientId, kind, audience, parameters, tokenEndpoint, token, expiresAt } = value;
  const { refreshToken = "", revocationEndpoint = "" } = value;
  const texts = [issuer, clientId, audience, tokenEndpoint, token, refreshToken];
  return [...texts, revocationEndpoint].every((text) => typeof text === "string") &&
    (kind === "access_token" || kind === "id_token") && isJsonObject(parameters) &&
    Object.values(parameters).every((text) => typeof text === "string") &&
    typeof expiresAt === "string" && MOMENT.test(expiresAt) && !Number.isNaN(Date.parse(expiresAt));
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Age from which a lock is stale, milliseconds: its process has ended. No work takes this long. */
const STALE_MS = 30_000;
const POLL_MS = 100;

/**
 * Runs `work` while no other process changes the sign-ins: an issuer accepts a refresh token once.
 * The Python package takes the same lock, `logins.json.lock`.
 */
export async function lockLogins<T>(
  { system, signal }: { system: System; signal: AbortSignal },
  work: (file: string) => Promise<T>,
): Promise<T> {
  const file = loginFile(system);
  if (file === undefined) {
    const hint = "Set one of them, or use a token: HOLDFAST_TOKEN or --token-file.";
    throw fault({ code: "Denied", action: ACTION, state: NO_HOME, hint });
  }
  const lock = `${file}.lock`;
  onDisk("write", file, () => fs.mkdirSync(dirname(file), { recursive: true, mode: 0o700 }));
  while (!createLock(lock, system)) await system.sleep(POLL_MS, signal);
  try {
    return await work(file);
  } finally {
    fs.rmSync(lock, { force: true });
  }
}

const NO_HOME = "neither HOME nor XDG_CONFIG_HOME is set";

function createLock(lock: string, system: System): boolean {
  try {
    fs.closeSync(fs.openSync(lock, "wx", 0o600));
    return true;
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw unwritable(lock, error);
  }
  const stats = fs.statSync(lock, { throwIfNoEntry: false });
  const isStale = stats !== undefined && Math.abs(system.now() - stats.mtimeMs) > STALE_MS;
  if (isStale) fs.rmSync(lock, { force: true });
  return false;
}

function unwritable(lock: string, cause: unknown): unknown {
  const error = fileError("write", lock, cause) as RegistryError;
  const hint = "Set XDG_CONFIG_HOME to a folder that you can write to, or use HOLDFAST_TOKEN.";
  const { code, state } = error;
  return code === undefined ? cause : fault({ code, action: ACTION, state: state!, hint, cause });
}

function readByOthers(file: string): RegistryError {
  return denied(ACTION, undefined, `other users can read or change ${shown(file)}`, {
    hint: `Run chmod 600 ${shellWord(file)}. If others may have read it, sign in again.`,
  });
}

function damaged(file: string, state: string): RegistryError {
  const hint = `Remove it, and sign in again: rm ${shellWord(file)}`;
  return fault({ code: "Invalid", action: ACTION, subject: shown(file), state, hint });
}

/** Returns the sign-in that provides the token of a service, or what is missing. */
export function whereSignedIn(location: string, system: System): FoundCredentials {
  const login = readLogins(system)[parseAddress(location)];
  if (login !== undefined) return { found: true, where: `sign-in with ${login.issuer}` };
  if (system.env("ACTIONS_ID_TOKEN_REQUEST_URL")) {
    return { found: true, where: "token of this job" };
  }
  const isJob = system.env("GITHUB_ACTIONS");
  return { found: false, where: isJob ? "the job has no `id-token: write`" : "no holdfast login" };
}
