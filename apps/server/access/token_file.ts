// The token file. It holds the SHA-256 of each token, so readers of the file cannot use them. A
// token is `holdfast_`, its id, `_` and 256 random bits.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import process from "node:process";
import { realSystem } from "../../../core/system.ts";
import type { ErrorCode, Logger, RegistryError, System } from "../../../mod.ts";
import { authorName } from "../../../core/naming/author.ts";
import { corrupt, denied, isRegistryError, notFound } from "../../../core/errors.ts";
import { instantOf } from "../../../core/text/iso_time.ts";
import { changeFile } from "../../change_file.ts";
import { errorCode, fileError } from "../../../disk/file_errors.ts";
import { type Access, createAccess, parseScope } from "./access.ts";
import type { SignIn } from "./sign_in.ts";
import { TokenUses } from "./token_uses.ts";
import { shellWord } from "../../../core/text/shell_word.ts";

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
  /** The secret before the last `rotateToken`, which is accepted until then. */
  previous?: { sha256: string; expiresAt: string };
}

/**
 * Returns the tokens of a file, undefined if it is missing. Unknown scopes are `Corrupt`, a file
 * that this user may not read is `Denied`.
 */
export async function readTokens(file: string): Promise<StoredToken[] | undefined> {
  return await readFileOf(file, "Run the command as the owner of the file, or as root.");
}

async function readFileOf(file: string, hint: string): Promise<StoredToken[] | undefined> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    const code = errorCode(cause);
    if (code === "ENOENT") return undefined;
    if (code !== "EACCES" && code !== "EPERM") throw fileError("read token file", file, cause);
    const state = "this user may not read it, or not its folder";
    throw denied("read token file", file, state, { hint, cause });
  }
  return storedTokens(text, unusable(file));
}

type Unusable = (state: string, cause?: unknown) => RegistryError;

function unusable(file: string): Unusable {
  return (state, cause) =>
    corrupt("read token file", file, state, {
      hint: "Restore it from a backup, or move it away and create new tokens.",
      reason: { kind: "tokens_damaged", file },
      cause,
    });
}

function storedTokens(text: string, unusable: Unusable): StoredToken[] {
  try {
    const { format = 1, tokens } = JSON.parse(text) as { format?: number; tokens: StoredToken[] };
    if (format !== 1) throw unusable("it was written by another release");
    for (const { id, scopes, previous, ...secret } of tokens) {
      scopes.forEach(parseScope);
      const secrets = previous === undefined ? [secret] : [secret, previous];
      const sound = typeof id === "string" && secrets.every(isSound);
      if (!sound) throw unusable("an entry is damaged");
    }
    return tokens;
  } catch (error) {
    throw isRegistryError(error, "Corrupt") ? error : unusable("not a token file", error);
  }
}

function isSound({ sha256, expiresAt = "0" }: Pick<StoredToken, "sha256" | "expiresAt">): boolean {
  return /^[0-9a-f]{64}$/.test(sha256) && !Number.isNaN(Date.parse(expiresAt)) &&
    instantOf(expiresAt) !== "invalid";
}

export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Changes the tokens of a file, which another program may read meanwhile. */
export function changeTokens(
  file: string,
  change: (tokens: StoredToken[]) => StoredToken[],
): Promise<void> {
  const changed = (text: string | undefined) => {
    const tokens = change(text === undefined ? [] : storedTokens(text, unusable(file)));
    return `${JSON.stringify({ format: 1, tokens }, undefined, 2)}\n`;
  };
  return new Promise((resolve) => resolve(changeFile("change token file", file, changed)));
}

/** A proof that a request comes from the holder of a token, without the token. */
export interface TokenProof {
  /** The id of the token. */
  readonly token: string;
  /** Returns true if the holder of the token with this SHA-256 (hexadecimal) sent the request. */
  isOf(sha256: string): boolean;
  /** The error of a request whose proof is not accepted. */
  readonly refusal: unknown;
}

/** Looks up the rights of tokens. */
export interface TokenCheck {
  /** Returns the rights of an `Authorization` header, or undefined if it has no valid token. */
  find(authorization: string | null): Promise<Access | undefined>;
  /**
   * Returns the rights of a token whose holder signed a request, or undefined if it is not valid.
   *
   * @default no proof is accepted
   */
  prove?(proof: TokenProof): Promise<Access | undefined>;
  /**
   * Returns why all tokens are refused, undefined if they are not: the service is then not ready.
   *
   * @default always undefined
   */
  problem?(): Promise<TokenProblem | undefined>;
  /** The sources of tokens for clients: the answer of `GET /sign-in`. @default nowhere */
  readonly signIn?: SignIn;
  /**
   * Notes that a request had a valid token, by its id, and the address of its sender. Returns at once.
   *
   * @default notes nothing
   */
  used?(token: string, from?: string): void;
  /** Returns when tokens were last used through this service, seconds since 1970 by their id. */
  lastUses?(): Record<string, number>;
  /** Writes what `used` has noted. Never fails. */
  settle?(): Promise<void>;
}

/** Why all tokens are refused: their file is missing, not readable, or not a token file. */
export type TokenProblem = "missing" | "unreadable" | "damaged";

/** Options of {@linkcode openTokenFile}. */
export interface TokenFileOptions {
  /** @default the real clocks */
  system?: Pick<System, "now" | "monotonic">;
  /**
   * Receives an error when the file becomes unusable, and a warning when it is usable again, or
   * others may write to it.
   */
  logger?: Partial<Pick<Logger, "error" | "warn">>;
}

/** The present or the previous secret of a token. */
interface KnownSecret {
  sha256: Uint8Array;
  access: Access;
  expiresAtMs: number;
}

const CHECK_EVERY_MS = 1000;
const SHAPE = /^bearer +(holdfast_([0-9a-f]{12})_[A-Za-z0-9_-]{43})$/i;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * Opens a token file, and reads it again when it changes, with at most one check per second.
 *
 * @throws {RegistryError} `NotFound` if it does not exist, `Denied` if this user may not read it,
 * `Corrupt` if it is not a token file
 */
export async function openTokenFile(
  file: string,
  options: TokenFileOptions = {},
): Promise<TokenCheck> {
  const { system = realSystem, logger } = options;
  const read = async () => {
    const tokens = await readFileOf(file, `Give it to the user of this service: ${chown(file)}`);
    if (tokens === undefined) throw noFile(file);
    return byId(tokens);
  };
  const isPipe = (await stat(file).catch(() => undefined))?.isFile() === false;
  let changedAt = isPipe ? "" : await lastChange(file); // first: what changes meanwhile is read again
  let known = await read();
  if (isPipe) return checkTokens(() => Promise.resolve(known), system); // can be read once
  let checkedAt = system.monotonic();
  let problem: RegistryError | undefined;
  if (await mayOthersWrite(file)) {
    logger?.warn?.(
      `Other users may write to ${file} and add tokens. Run: chmod 600 ${shellWord(file)}`,
    );
  }

  /** A missing or damaged file revokes all tokens: a removed one must not stay valid. */
  async function refresh(): Promise<void> {
    if (system.monotonic() - checkedAt < CHECK_EVERY_MS) return;
    checkedAt = system.monotonic();
    try {
      const at = await lastChange(file);
      if (at === changedAt) return;
      known = await read();
      changedAt = at;
      if (problem !== undefined) logger?.warn?.(`Tokens are accepted again: ${file}`);
      problem = undefined;
    } catch (error) {
      known = new Map();
      changedAt = "unknown";
      const { message, hint } = error as RegistryError;
      if (message !== problem?.message) {
        logger?.error?.(`All tokens are refused: ${message}. ${hint ?? ""}`);
      }
      problem = error as RegistryError;
    }
  }

  const uses = new TokenUses(file, { system, logger });
  const isKnown = (id: string) => problem !== undefined || known.has(id);
  return {
    ...checkTokens(() => refresh().then(() => known), system),
    async problem() {
      await refresh();
      return problem && (PROBLEMS[problem.code] ?? "unreadable");
    },
    used(token, from) {
      if (isKnown(token)) uses.note(token, from, isKnown);
    },
    lastUses: () => uses.seconds(),
    settle: () => uses.write(isKnown),
  };
}

const PROBLEMS: Partial<Record<ErrorCode, TokenProblem>> = {
  NotFound: "missing",
  Corrupt: "damaged",
};

/** Returns a command with the id of this user, for which Deno requires a permission. */
function chown(file: string): string {
  let user = "USER";
  try {
    user = String(process.getuid?.() ?? user);
  } catch { // not granted
  }
  return `sudo chown ${user} ${shellWord(file)}`;
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
      hint: "Pass the content of a file that `createToken` wrote.",
      reason: { kind: "tokens_unreadable" },
    })));
  return checkTokens(() => known, system);
}

function checkTokens(
  current: () => KnownTokens | Promise<KnownTokens>,
  system: Pick<System, "now">,
): TokenCheck {
  const accessOf = async (id: string, isIt: (sha256: Uint8Array) => boolean) => {
    const secrets = (await current()).get(id) ?? [];
    const secret = secrets.find(({ sha256 }) => isIt(sha256));
    return secret && system.now() < secret.expiresAtMs ? secret.access : undefined;
  };
  return {
    async find(authorization) {
      const [, token, id] = SHAPE.exec(authorization ?? "") ?? [];
      if (token === undefined || id === undefined) return undefined;
      const hash = encoder.encode(hashToken(token));
      return await accessOf(id, (sha256) => timingSafeEqual(hash, sha256));
    },
    prove: ({ token, isOf }) => accessOf(token, (sha256) => isOf(decoder.decode(sha256))),
  };
}

async function mayOthersWrite(file: string): Promise<boolean> {
  if (process.platform === "win32") return false; // modes do not apply to other users there
  const { mode } = await stat(file).catch(() => ({ mode: 0 }));
  return (mode & 0o022) !== 0;
}

/** Returns time, size and inode. Changes within the resolution of the time differ in the others. */
async function lastChange(file: string): Promise<string> {
  const stats = await stat(file).catch(() => undefined);
  return stats === undefined
    ? "missing"
    : `${stats.mtimeMs} ${stats.ctimeMs} ${stats.size} ${stats.ino}`;
}

/** The secrets of each token by its id. */
type KnownTokens = ReadonlyMap<string, readonly KnownSecret[]>;

function byId(tokens: readonly StoredToken[]): KnownTokens {
  return new Map(tokens.map(({ id, note = "", scopes, previous, ...present }) => {
    const author = { name: authorName(note) || id, token: id };
    const endOfToken = timeOf(present.expiresAt);
    const secrets = previous === undefined ? [present] : [present, previous];
    return [
      id,
      secrets.map(({ sha256, expiresAt }) => {
        const expiresAtMs = Math.min(endOfToken, timeOf(expiresAt));
        const access = createAccess(id, scopes.map(parseScope), { expiresAtMs, author });
        return { sha256: encoder.encode(sha256), access, expiresAtMs };
      }),
    ];
  }));
}

function timeOf(expiresAt: string | undefined): number {
  return expiresAt === undefined ? Infinity : Date.parse(expiresAt);
}

function noFile(file: string): RegistryError {
  return notFound("open token file", file, "the file does not exist", {
    hint: `Create the first token: createToken(${JSON.stringify(file)}, { scopes: ["admin"] }).`,
    reason: { kind: "tokens_missing", file },
  });
}
