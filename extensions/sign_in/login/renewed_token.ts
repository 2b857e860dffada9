// The token of a sign-in, renewed before it expires.
import type { System } from "../../../mod.ts";
import { denied, isRegistryError, type RegistryError, shellWord } from "../../../core/kernel.ts";
import { parseAddress } from "../../../apps/client/address.ts";
import { lockLogins, type Login, readLogins, setLogin } from "./login_file.ts";

/** A token with less time than this is renewed, milliseconds. */
const MARGIN_MS = 60_000;

interface Parts {
  system: System;
  signal: AbortSignal;
}

/**
 * Returns a function for the token of the sign-in to a service, undefined without a sign-in. It is
 * called before each request.
 */
export function renewedToken(location: string, parts: Parts): (() => Promise<string>) | undefined {
  const url = parseAddress(location);
  let login = readLogins(parts.system)[url];
  if (login === undefined) return undefined;
  let renewing: Promise<Login> | undefined;
  return async () => {
    if (leftMs(login!, parts.system) > MARGIN_MS) return login!.token;
    renewing ??= renewed(url, parts).finally(() => renewing = undefined);
    login = await renewing;
    return login.token;
  };
}

/** Renews a sign-in, unless another process has just done so. */
async function renewed(url: string, parts: Parts): Promise<Login> {
  const { system } = parts;
  return await lockLogins(parts, async (file) => {
    const login = readLogins(system)[url];
    if (login === undefined) throw signInAgain(url, "this user has signed out");
    const remainingMs = leftMs(login, system);
    if (remainingMs > MARGIN_MS) return login;
    if (login.refreshToken === undefined) {
      if (remainingMs > 0) return login;
      throw signInAgain(url, "the sign-in has expired");
    }
    const { renew } = await import("./issuer.ts");
    try {
      const next = await renew(login, parts);
      setLogin(file, url, next);
      return next;
    } catch (error) {
      if (remainingMs > 0 && isRegistryError(error, "Unavailable")) return login;
      if (!isRegistryError(error, "Denied")) throw error;
      throw signInAgain(url, `the issuer does not renew the sign-in (${error.state})`);
    }
  });
}

function leftMs({ expiresAt }: Login, system: System): number {
  return Date.parse(expiresAt) - system.now();
}

function signInAgain(url: string, state: string): RegistryError {
  return denied("use the service", url, state, {
    hint: `Sign in again: holdfast login ${shellWord(url)}`,
  });
}
