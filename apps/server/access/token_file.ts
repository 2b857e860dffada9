// The token file. It holds the SHA-256 of each token, so readers of the file cannot use them. A
// token is `holdfast_`, its id, `_` and 256 random bits.
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, open, readFile, rename, rm, stat } from "node:fs/promises";
import process from "node:process";
import { isRegistryError, realSystem } from "../../../mod.ts";
import type { Logger, RegistryError, System } from "../../../mod.ts";
import { corrupt, fault, notFound } from "../../../core/errors.ts";
import { checkOptions } from "../../../core/options/check_options.ts";
import { instantOf } from "../../../core/text/iso_time.ts";
import { type Access, createAccess, parseScope } from "./access.ts";

/** A token as it is stored. */
export interface StoredToken {
  /** 12 hexadecimal digits, shown in listings and logs. */
  id: string;
  note?: string;
  /** SHA-256 of the token, hexadecimal. */
  sha256: string;
  scopes: string[];
  /** ISO 8601. */
  createdAt: string;
  /** ISO 8601; absent for never. */
  expiresAt?: string;
}

/** Options of {@linkcode createToken}. */
export interface CreateTokenOptions {
  /** At least one scope, such as `read:*`. */
  scopes: readonly string[];
  note?: string;
  /** Lifetime, milliseconds. @default unlimited */
  expiresInMs?: number;
  /** @default the real clock */
  system?: Pick<System, "now">;
}

/** Creates a token, adds it to the file, and returns it. Only its hash is stored. */
export async function createToken(
  file: string,
  options: CreateTokenOptions,
): Promise<{ token: string; stored: StoredToken }> {
  const action = "create a token";
  const known = { scopes: true, note: true, expiresInMs: true, system: true } as const;
  const { scopes, note, expiresInMs, system = realSystem } = checkOptions(action, options, known);
  const invalid = (state: string, hint: string) => fault({ code: "Invalid", action, state, hint });
  if (scopes.length === 0) {
    throw invalid(
      "no scope is given",
      'Add --scope "read:*", --scope "write:team/*" or --scope admin.',
    );
  }
  scopes.forEach(parseScope);
  if (expiresInMs !== undefined && !(expiresInMs > 0)) {
    throw invalid("its expiry date is in the past", "Pass a duration, such as --expires 30d.");
  }
  const id = randomBytes(6).toString("hex");
  const token = `holdfast_${id}_${randomBytes(32).toString("base64url")}`;
  const isoDate = (afterMs: number) => new Date(system.now() + afterMs).toISOString();
  const stored: StoredToken = {
    id,
    ...(note === undefined ? {} : { note }),
    sha256: hashToken(token),
    scopes: [...scopes],
    createdAt: isoDate(0),
    ...(expiresInMs === undefined ? {} : { expiresAt: isoDate(expiresInMs) }),
  };
  await changeTokens(file, (tokens) => [...tokens, stored]);
  return { token, stored };
}

/** Removes a token from the file. Returns false if the file has no token with this id. */
export async function removeToken(file: string, id: string): Promise<boolean> {
  let found = false;
  await changeTokens(file, (tokens) => {
    const rest = tokens.filter((token) => token.id !== id);
    found = rest.length < tokens.length;
    return rest;
  });
  return found;
}

/** Returns the tokens of a file, undefined if it is missing. Unknown scopes are `Corrupt`. */
export async function readTokens(file: string): Promise<StoredToken[] | undefined> {
  const unreadable = (state: string, cause?: unknown) =>
    corrupt("read token file", file, state, {
      hint: "Restore the file, or remove it and run: holdfast token create --tokens FILE",
      cause,
    });
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT") return undefined;
    throw unreadable(`the file cannot be read (${code})`, error);
  }
  return storedTokens(text, unreadable);
}

function storedTokens(
  text: string,
  unreadable: (state: string, cause?: unknown) => RegistryError,
): StoredToken[] {
  try {
    const { format = 1, tokens } = JSON.parse(text) as { format?: number; tokens: StoredToken[] };
    if (format !== 1) throw unreadable("it was written by another release");
    for (const { id, sha256, scopes, expiresAt } of tokens) {
      scopes.forEach(parseScope);
      const sound = typeof id === "string" && /^[0-9a-f]{64}$/.test(sha256) &&
        !Number.isNaN(Date.parse(expiresAt ?? "0")) && instantOf(expiresAt ?? "0") !== "invalid";
      if (!sound) throw unreadable("an entry is damaged");
    }
    return tokens;
  } catch (error) {
    throw isRegistryError(error, "Corrupt") ? error : unreadable("not a token file", error);
  }
}

function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Writes a new file, which excludes other writers, and renames it: readers see all or nothing. */
async function changeTokens(
  file: string,
  change: (tokens: StoredToken[]) => StoredToken[],
): Promise<void> {
  const next = `${file}.new`;
  const handle = await open(next, "wx", 0o600).catch((error) => {
    const taken = error.code === "EEXIST";
    throw fault({
      code: taken ? "Conflict" : "Denied",
      action: "change token file",
      subject: file,
      state: taken ? "another process is changing it" : error.code,
      hint: taken
        ? `Try again. If no other process uses the file, remove ${next}.`
        : "Choose a file in a folder that you may write to.",
      cause: error,
    });
  });
  try {
    const tokens = change(await readTokens(file) ?? []);
    await handle.writeFile(`${JSON.stringify({ format: 1, tokens }, undefined, 2)}\n`);
    await handle.sync();
    await handle.close();
    await chmod(next, 0o600); // despite the umask
    await rename(next, file);
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(next, { force: true });
    throw error;
  }
}

/** Looks up the rights of tokens. */
export interface TokenCheck {
  /** Returns the rights of an `Authorization` header, or undefined if it has no valid token. */
  find(authorization: string | null): Promise<Access | undefined>;
}

/** Options of {@linkcode openTokenFile}. */
export interface TokenFileOptions {
  /** @default the real clocks */
  system?: Pick<System, "now" | "monotonic">;
  /** Receives an error if the file becomes unreadable, and a warning if others may write to it. */
  logger?: Partial<Pick<Logger, "error" | "warn">>;
}

interface KnownToken {
  sha256: Uint8Array;
  access: Access;
  expiresAtMs: number;
}

const CHECK_EVERY_MS = 1000;
const SHAPE = /^bearer +(holdfast_([0-9a-f]{12})_[A-Za-z0-9_-]{43})$/i;
const NO_HASH = new Uint8Array(64);
const encoder = new TextEncoder();

/**
 * Opens a token file, and reads it again when it changes, with at most one check per second.
 *
 * @throws {RegistryError} `NotFound` if it does not exist, `Corrupt` if it cannot be read
 */
export async function openTokenFile(
  file: string,
  options: TokenFileOptions = {},
): Promise<TokenCheck> {
  const { system = realSystem, logger } = options;
  const tokens = await readTokens(file);
  if (tokens === undefined) throw noFile(file);
  let known = byId(tokens);
  let changedAt = await lastChange(file);
  let checkedAt = system.monotonic();
  if (await mayOthersWrite(file)) {
    logger?.warn?.(`Other users may write to ${file} and add tokens. Run: chmod 600 ${file}`);
  }

  /** A missing or damaged file revokes all tokens: a removed one must not stay valid. */
  async function refresh(): Promise<void> {
    if (system.monotonic() - checkedAt < CHECK_EVERY_MS) return;
    checkedAt = system.monotonic();
    try {
      const at = await lastChange(file);
      if (at === changedAt) return;
      known = byId(await readTokens(file) ?? []);
      changedAt = at;
    } catch (error) {
      known = new Map();
      changedAt = "unknown";
      logger?.error?.(`All tokens are refused: ${(error as Error).message}`);
    }
  }

  return checkTokens(() => refresh().then(() => known), system);
}

/**
 * Parses the content of a token file, for programs without a disk, such as a Worker that keeps it
 * in a secret.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler, parseTokens } from "@holdfast/holdfast/server";
 *
 * await using registry = await openRegistry("memory:");
 * const secret = `{ "format": 1, "tokens": [] }`; // in a Worker: env.TOKENS
 * await using handler = createHandler(registry, { tokens: parseTokens(secret) });
 * ```
 *
 * @throws {RegistryError} `Corrupt` for anything but the content of a token file
 */
export function parseTokens(
  content: string,
  { system = realSystem }: Pick<TokenFileOptions, "system"> = {},
): TokenCheck {
  const known = byId(storedTokens(content, (state) =>
    // without the cause, which may quote a secret
    corrupt("read tokens", undefined, state, {
      hint: "Pass the content of the file that `holdfast token create --tokens FILE` writes.",
    })));
  return checkTokens(() => known, system);
}

function checkTokens(
  current: () => Map<string, KnownToken> | Promise<Map<string, KnownToken>>,
  system: Pick<System, "now">,
): TokenCheck {
  return {
    async find(authorization) {
      const [, token, id] = SHAPE.exec(authorization ?? "") ?? [];
      if (token === undefined || id === undefined) return undefined;
      const found = (await current()).get(id);
      const same = timingSafeEqual(encoder.encode(hashToken(token)), found?.sha256 ?? NO_HASH);
      const isValid = same && found !== undefined && system.now() < found.expiresAtMs;
      return isValid ? found.access : undefined;
    },
  };
}

async function mayOthersWrite(file: string): Promise<boolean> {
  if (process.platform === "win32") return false; // modes do not apply to other users there
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  return (mode & 0o022) !== 0;
}

/** Returns time, size and inode. Changes within the resolution of the time differ in the others. */
async function lastChange(file: string): Promise<string> {
  const found = await stat(file).catch(() => undefined);
  return found === undefined
    ? "missing"
    : `${found.mtimeMs} ${found.ctimeMs} ${found.size} ${found.ino}`;
}

function byId(tokens: readonly StoredToken[]): Map<string, KnownToken> {
  return new Map(tokens.map(({ id, sha256, scopes, expiresAt }) => {
    const expiresAtMs = expiresAt === undefined ? Infinity : Date.parse(expiresAt);
    const access = createAccess(id, scopes.map(parseScope), { expiresAtMs });
    return [id, { sha256: encoder.encode(sha256), access, expiresAtMs }];
  }));
}

function noFile(file: string): RegistryError {
  return notFound("open token file", file, "the file does not exist", {
    hint: `Create the first token: holdfast token create --tokens ${file} --scope admin`,
  });
}
