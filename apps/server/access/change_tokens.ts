// Changes of the token file: new, changed and rotated tokens.
import { randomBytes } from "node:crypto";
import { realSystem, type System } from "../../../mod.ts";
import { LAST_DATE_MS } from "../../../core/system.ts";
import { fault, invalid, notFound } from "../../../core/errors.ts";
import { authorName } from "../../../core/naming/author.ts";
import { checkDurations, checkOptions } from "../../../core/options/check_options.ts";
import { parseScope } from "./access.ts";
import { changeTokens, hashToken, type StoredToken } from "./token_file.ts";

/** Options of {@linkcode createToken}. */
export interface CreateTokenOptions {
  /** At least one scope, such as `read:*`. */
  scopes: readonly string[];
  /** The author of its changes: no other token of the file may have the same. */
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
  checkScopes(action, scopes);
  checkLifetime(action, system, expiresInMs);
  const id = randomBytes(6).toString("hex");
  const token = secretOf(id);
  const stored: StoredToken = {
    id,
    ...(note === undefined ? {} : { note }),
    sha256: hashToken(token),
    scopes: [...scopes],
    createdAt: isoDate(system, 0),
    ...(expiresInMs === undefined ? {} : { expiresAt: endOf(system, expiresInMs) }),
  };
  await changeTokens(file, (tokens) => {
    checkNote(action, note, tokens);
    return [...tokens, stored];
  });
  return { token, stored };
}

/** Options of {@linkcode changeToken}. */
export interface ChangeTokenOptions {
  /** In place of its present ones. */
  scopes?: readonly string[];
  note?: string;
  /** Lifetime from now, milliseconds; `Infinity` for unlimited. */
  expiresInMs?: number;
  /** @default the real clock */
  system?: Pick<System, "now">;
}

/**
 * Changes scopes, note or expiry of a token, whose secret stays. A running service follows within
 * a second.
 *
 * @throws {RegistryError} `NotFound` if the file has no token with this id
 */
export async function changeToken(
  file: string,
  id: string,
  options: ChangeTokenOptions,
): Promise<StoredToken> {
  const action = "change token";
  const known = { scopes: true, note: true, expiresInMs: true, system: true } as const;
  const { scopes, note, expiresInMs, system = realSystem } = checkOptions(action, options, known);
  if (scopes !== undefined) checkScopes(action, scopes);
  checkLifetime(action, system, expiresInMs);
  return await changeOne(action, file, id, (token, others) => {
    checkNote(action, note, others);
    const expiresAt = expiresInMs === undefined ? token.expiresAt : endOf(system, expiresInMs);
    return { ...token, scopes: [...scopes ?? token.scopes], note: note ?? token.note, expiresAt };
  });
}

/** Options of {@linkcode rotateToken}. */
export interface RotateTokenOptions {
  /** How long the old secret is still accepted, milliseconds. @default 0 */
  keepForMs?: number;
  /** @default the real clock */
  system?: Pick<System, "now">;
}

/**
 * Gives a token a new secret, and returns it. Id, note, scopes and expiry stay. Of old secrets,
 * only the last one is kept.
 *
 * @throws {RegistryError} `NotFound` if the file has no token with this id
 */
export async function rotateToken(
  file: string,
  id: string,
  options: RotateTokenOptions = {},
): Promise<{ token: string; stored: StoredToken }> {
  const action = "rotate token";
  const known = { keepForMs: true, system: true } as const;
  const { keepForMs, system = realSystem } = checkOptions(action, options, known);
  checkDurations(action, { keepForMs }, ["keepForMs"]);
  checkLifetime(action, system, keepForMs);
  const token = secretOf(id);
  const stored = await changeOne(action, file, id, (present) => ({
    ...present,
    sha256: hashToken(token),
    previous: keepForMs === undefined
      ? undefined
      : { sha256: present.sha256, expiresAt: isoDate(system, keepForMs) },
  }));
  return { token, stored };
}

function secretOf(id: string): string {
  return `holdfast_${id}_${randomBytes(32).toString("base64url")}`;
}

function isoDate({ now }: Pick<System, "now">, afterMs: number): string {
  return new Date(now() + afterMs).toISOString();
}

function endOf(system: Pick<System, "now">, lifetimeMs = Infinity): string | undefined {
  return lifetimeMs === Infinity ? undefined : isoDate(system, lifetimeMs);
}

/** Two scopes in one string, such as `read:a,save:b`, which is also a name. */
const SEVERAL_SCOPES = /[,;\s](admin|metrics|(read|save|move|promote|delete|write):.*)$/s;

function checkScopes(action: string, scopes: readonly string[]): void {
  for (const scope of scopes) {
    if (SEVERAL_SCOPES.test(scope)) {
      throw invalid(
        "read",
        `scope ${JSON.stringify(scope.slice(0, 80))}`,
        "it has several scopes",
        {
          hint: "Pass each scope separately: 'read:*', 'save:models:*'.",
        },
      );
    }
    parseScope(scope);
  }
  if (scopes.length > 0) return;
  throw fault({
    code: "Invalid",
    action,
    state: "no scope is given",
    hint: 'Pass scopes: ["read:*"], ["write:team/*"] or ["admin"].',
    reason: { kind: "token_scopes_missing" },
  });
}

/** Throws `Invalid` unless a time is later than now, and has a date or no end. */
function checkLifetime(action: string, { now }: Pick<System, "now">, ms = Infinity): void {
  const isPast = ms <= 0;
  if (!isPast && (ms === Infinity || now() + ms <= LAST_DATE_MS)) return;
  throw fault({
    code: "Invalid",
    action,
    state: `its expiry date ${isPast ? "is in the past" : "is too far in the future"}`,
    hint: "Pass a duration in milliseconds above 0, such as 90 * 86_400_000.",
    reason: { kind: "token_expired" },
  });
}

/** Throws for a note of another token: their changes would have the same author. */
function checkNote(action: string, note: string | undefined, others: readonly StoredToken[]): void {
  const author = authorName(note ?? "");
  const same = author === ""
    ? undefined
    : others.find((other) => authorName(other.note ?? "") === author);
  if (same === undefined) return;
  throw fault({
    code: "AlreadyExists",
    action,
    state: `the token ${same.id} has the note ${JSON.stringify(same.note)}`,
    hint: "Pass another note, or remove or rotate that token.",
    reason: { kind: "token_note_taken", id: same.id },
  });
}

async function changeOne(
  action: string,
  file: string,
  id: string,
  change: (token: StoredToken, others: readonly StoredToken[]) => StoredToken,
): Promise<StoredToken> {
  let changed: StoredToken | undefined;
  await changeTokens(file, (tokens) => {
    const others = tokens.filter((token) => token.id !== id);
    const present = tokens.find((token) => token.id === id);
    if (present === undefined) {
      throw notFound(action, JSON.stringify(id.slice(0, 12)), "the file has no such token", {
        hint: `See its tokens: readTokens(${JSON.stringify(file)}).`,
        reason: { kind: "token_unknown", file },
      });
    }
    changed = change(present, others);
    return tokens.map((token) => token === present ? changed! : token);
  });
  return changed!;
}

/** Removes a token from the file. Returns false if the file has no token with this id. */
export async function removeToken(file: string, id: string): Promise<boolean> {
  let isFound = false;
  await changeTokens(file, (tokens) => {
    const rest = tokens.filter((token) => token.id !== id);
    isFound = rest.length < tokens.length;
    return rest;
  });
  return isFound;
}
