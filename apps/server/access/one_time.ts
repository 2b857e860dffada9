// The tokens of `holdfast explore`, a code for one page, and of `holdfast mount`.
import { randomBytes, timingSafeEqual } from "node:crypto";
import { Buffer } from "node:buffer";
import { type Access, accessOf } from "./access.ts";
import type { TokenCheck } from "./token_file.ts";

/**
 * Creates a check that accepts `CODE.REST`, where the first request chooses the rest. A code that
 * others see later, in a history or a list of processes, opens nothing.
 */
export function createOneTimeCheck(scopes: readonly string[]): TokenCheck & { code: string } {
  const code = randomBytes(24).toString("base64url");
  const access = accessOf("explore", scopes);
  let expected: string | undefined;
  return {
    code,
    find(authorization): Promise<Access | undefined> {
      const [, token = ""] = /^Bearer (.+)$/i.exec(authorization ?? "") ?? [];
      const [id = "", rest = ""] = token.split(".");
      if (!isEqual(id, code) || rest.length < 32) return Promise.resolve(undefined);
      expected ??= token;
      return Promise.resolve(isEqual(token, expected) ? access : undefined);
    },
  };
}

/** Creates a check of one token, for a program that this one starts. */
export function createTokenCheck(scopes: readonly string[]): TokenCheck & { token: string } {
  const token = randomBytes(24).toString("base64url");
  const access = accessOf("mount", scopes);
  return {
    token,
    find: (authorization) =>
      Promise.resolve(isEqual(authorization ?? "", `Bearer ${token}`) ? access : undefined),
  };
}

function isEqual(a: string, b: string): boolean {
  const [first, right] = [Buffer.from(a), Buffer.from(b)];
  return first.length === right.length && timingSafeEqual(first, right);
}
