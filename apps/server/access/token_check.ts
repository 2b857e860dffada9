// Whose token a request carries. The file is looked at again when it changed, at most once a
// second, so that a token that was removed is refused from then on.
import { timingSafeEqual } from "node:crypto";
import { stat } from "node:fs/promises";
import process from "node:process";
import { type Logger, realSystem, type System } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import { type Access, createAccess } from "./access.ts";
import { parseScope } from "./scopes.ts";
import { hashToken, readTokens, type StoredToken } from "./token_file.ts";

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
