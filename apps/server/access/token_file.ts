// The file of tokens. It holds the SHA-256 of each token, so no reader of the file can use them. A
// token is `holdfast_`, its id, `_` and 256 random bits. A service looks for changes of the file at
// most once a second.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, open, readFile, rename, rm, stat } from "node:fs/promises";
import process from "node:process";
import {
  isRegistryError,
  type Logger,
  realSystem,
  type RegistryError,
  type System,
} from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { checkOptions } from "../../../core/options/check_options.ts";
import { type Access, createAccess, parseScope } from "./access.ts";

/** What is kept of a token. */
export interface StoredToken {
  /** Names it in listings and logs, and finds it: 12 hexadecimal digits. */
  id: string;
  note?: string;
  /** SHA-256 of the token, hexadecimal. */
  sha256: string;
  /** What it may do. */
  scopes: string[];
  /** When it was made, ISO 8601. */
  createdAt: string;
  /** When it ends, ISO 8601; absent for never. */
  expiresAt?: string;
}

/** Options of {@linkcode createToken}. */
export interface CreateTokenOptions {
  /** What it may do: at least one scope. */
  scopes: readonly string[];
  note?: string;
  /** How long it is good, milliseconds. @default for ever */
  expiresInMs?: number;
  /** The clock. @default the real one */
  system?: Pick<System, "now">;
}

/** Makes a token, adds it to the file, which is made where there is none, and returns it: the only time it is seen. */
export async function createToken(
  file: string,
  options: CreateTokenOptions,
): Promise<{ token: string; stored: StoredToken }> {
  const known = { scopes: true, note: true, expiresInMs: true, system: true } as const;
  const { scopes, note, expiresInMs, system = realSystem } = checkOptions(
    "create a token",
    options,
    known,
  );
  if (scopes.length === 0) {
    throw fault({
      code: "Invalid",
      action: "create a token",
      state: "it has no scope",
      hint: 'Say what it may do: --scope "read:*", --scope "write:team/*", --scope admin.',
    });
  }
  scopes.forEach(parseScope);
  if (expiresInMs !== undefined && !(expiresInMs > 0)) {
    throw fault({
      code: "Invalid",
      action: "create a token",
      state: "it would be over at once",
      hint: "Say how long it counts, as --expires 30d, or nothing for always.",
    });
  }
  const id = randomBytes(6).toString("hex");
  const token = `holdfast_${id}_${randomBytes(32).toString("base64url")}`;
  const stored: StoredToken = {
    id,
    ...(note === undefined ? {} : { note }),
    sha256: hashToken(token),
    scopes: [...scopes],
    createdAt: new Date(system.now()).toISOString(),
    ...(expiresInMs === undefined
      ? {}
      : { expiresAt: new Date(system.now() + expiresInMs).toISOString() }),
  };
  await changeTokens(file, (tokens) => [...tokens, stored]);
  return { token, stored };
}

/** Removes a token from the file; false where there is none of this id. */
export async function removeToken(file: string, id: string): Promise<boolean> {
  let found = false;
  await changeTokens(file, (tokens) => {
    const rest = tokens.filter((token) => token.id !== id);
    found = rest.length < tokens.length;
    return rest;
  });
  return found;
}

/** The tokens of a file; undefined where there is no file. Scopes that nobody knows are `Corrupt`, never left out. */
export async function readTokens(file: string): Promise<StoredToken[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as { code?: string }).code === "ENOENT") return undefined;
    throw unreadable(file, "the system refused", error);
  }
  try {
    const { format = 1, tokens } = JSON.parse(text) as { format?: number; tokens: StoredToken[] };
    if (format !== 1) throw unreadable(file, "another release wrote it");
    for (const { id, sha256, scopes, expiresAt } of tokens) {
      scopes.forEach(parseScope);
      const sound = typeof id === "string" && /^[0-9a-f]{64}$/.test(sha256) &&
        !Number.isNaN(Date.parse(expiresAt ?? "0"));
      if (!sound) throw unreadable(file, "an entry is damaged");
    }
    return tokens;
  } catch (error) {
    throw isRegistryError(error, "Corrupt")
      ? error
      : unreadable(file, "it is no file of tokens", error);
  }
}

function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Writes beside the file what it will be, which only one can, and puts it in its place: a reader sees all or nothing. */
async function changeTokens(
  file: string,
  change: (tokens: StoredToken[]) => StoredToken[],
): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, "wx", 0o600).catch((error) => {
    const taken = error.code === "EEXIST";
    throw fault({
      code: taken ? "Conflict" : "Denied",
      action: "change the tokens of",
      subject: file,
      state: taken ? "somebody else does so now" : error.code,
      hint: taken
        ? `Try again; if nobody does, remove ${next}.`
        : "Name a file in a folder that you may write to.",
      cause: error,
    });
  });
  try {
    const tokens = change(await readTokens(file) ?? []);
    await handle.writeFile(`${JSON.stringify({ format: 1, tokens }, undefined, 2)}\n`);
    await handle.sync();
    await handle.close();
    await chmod(next, 0o600); // whatever the umask says
    await rename(next, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(next, { force: true });
    throw error;
  }
}

function unreadable(file: string, why: string, cause?: unknown): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read the tokens of",
    subject: file,
    state: why,
    hint:
      "Restore the file, or remove it and make tokens anew: holdfast token create --tokens FILE.",
    cause,
  });
}

/** Tells whose token this is. */
export interface TokenCheck {
  /** The rights behind the value of an `Authorization` header; undefined where it is none that counts. */
  find(authorization: string | null): Promise<Access | undefined>;
}

/** Options of {@linkcode openTokenFile}. */
export interface TokenFileOptions {
  /** The clocks. @default the real ones */
  system?: Pick<System, "now" | "monotonic">;
  /** Hears of a file that can no longer be read, or that others may write to. @default silent */
  logger?: Partial<Pick<Logger, "error" | "warn">>;
}

interface Known {
  sha256: Uint8Array;
  access: Access;
  expiresAtMs: number;
}

const LOOK_EVERY_MS = 1000;
const SHAPE = /^bearer +(holdfast_([0-9a-f]{12})_[A-Za-z0-9_-]{43})$/i;
const NOBODY = new Uint8Array(64);
const encoder = new TextEncoder();

/**
 * Opens a file of tokens.
 *
 * @throws {RegistryError} `NotFound` where there is none, `Corrupt` where it can not be read
 */
export async function openTokenFile(
  file: string,
  options: TokenFileOptions = {},
): Promise<TokenCheck> {
  const { system = realSystem, logger } = options;
  let known = byId(await readTokens(file) ?? noFile(file));
  let changedAt = await lastChange(file);
  let lookedAt = system.monotonic();
  if (await mayOthersWrite(file)) {
    logger?.warn?.(
      `Others may write to ${file}, and so make tokens of their own: chmod 600 ${file}`,
    );
  }

  /** A file that is gone or damaged lets nobody in: what was removed must not count for longer than that. */
  async function refresh(): Promise<void> {
    if (system.monotonic() - lookedAt < LOOK_EVERY_MS) return;
    lookedAt = system.monotonic();
    try {
      const at = await lastChange(file);
      if (at === changedAt) return;
      known = byId(await readTokens(file) ?? []);
      changedAt = at;
    } catch (error) {
      known = new Map();
      changedAt = "unknown";
      logger?.error?.(`Cannot read the tokens, so none counts: ${(error as Error).message}`);
    }
  }

  return {
    async find(authorization) {
      const [, token, id] = SHAPE.exec(authorization ?? "") ?? [];
      if (token === undefined) return undefined;
      await refresh();
      const found = known.get(id);
      const same = timingSafeEqual(encoder.encode(hashToken(token)), found?.sha256 ?? NOBODY);
      return same && found !== undefined && system.now() < found.expiresAtMs
        ? found.access
        : undefined;
    },
  };
}

async function mayOthersWrite(file: string): Promise<boolean> {
  if (process.platform === "win32") return false; // its modes say nothing of others
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  return (mode & 0o022) !== 0;
}

/** Its time and size: two changes within the clock of a disk differ in size, as a token came or went. */
async function lastChange(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined ? "gone" : `${found.mtimeMs} ${found.size} ${found.ino}`;
}

function byId(tokens: readonly StoredToken[]): Map<string, Known> {
  return new Map(tokens.map(({ id, sha256, scopes, expiresAt }) => [id, {
    sha256: encoder.encode(sha256),
    access: createAccess(id, scopes.map(parseScope)),
    expiresAtMs: expiresAt === undefined ? Infinity : Date.parse(expiresAt),
  }]));
}

function noFile(file: string): never {
  throw fault({
    code: "NotFound",
    action: "open the tokens of",
    subject: file,
    state: "there is no such file",
    hint: `Make a first one: holdfast token create --tokens ${file} --scope admin`,
  });
}
