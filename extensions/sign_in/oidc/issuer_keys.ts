// The keys of an issuer: fetched from the URLs that its discovery document names, never from one in
// a token, and kept while the issuer does not answer.
import { createLocalJWKSet, errors, type JWSHeaderParameters } from "npm:jose@^6.2";
import type { FlattenedJWSInput, JSONWebKeySet } from "npm:jose@^6.2";
import type { Logger, System } from "../../../mod.ts";
import { isJsonObject, messageOf, parsedJson, readAtMost } from "../../../core/kernel.ts";
import { RefusedRequest } from "../../../apps/gateways.ts";
import { isIssuerUrl, type OidcIssuer } from "./settings.ts";

const MINUTE = 60_000;
/** Age at which keys are fetched again. A key that the issuer has removed is accepted for so long. */
const FRESH_MS = 10 * MINUTE;
/** Age up to which keys are used while their issuer does not answer. */
const MOST_AGE_MS = 24 * 60 * MINUTE;
/** Minimum time between fetches because of unknown keys. */
const UNKNOWN_EVERY_MS = MINUTE;
/** Minimum time between fetches that fail. */
const RETRY_EVERY_MS = 10_000;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 512 * 1024;

type KeySet = ReturnType<typeof createLocalJWKSet>;
type Key = Awaited<ReturnType<KeySet>>;

export interface KeyParts {
  system: Pick<System, "monotonic">;
  fetch: typeof fetch;
  logger?: Partial<Pick<Logger, "warn">>;
}

export class IssuerKeys {
  readonly #issuer: string;
  readonly #parts: KeyParts;
  readonly #isFixed: boolean;
  #keys: KeySet | undefined;
  #fetchedAt = -Infinity;
  #failedAt = -Infinity;
  #failure = "";
  #unknownAt = -Infinity;
  #fetching: { at: number; done: Promise<void> } | undefined;

  constructor({ issuer, jwks }: OidcIssuer, parts: KeyParts) {
    this.#issuer = issuer;
    this.#parts = parts;
    this.#isFixed = jwks !== undefined;
    if (jwks !== undefined) this.#keys = createLocalJWKSet(jwks as JSONWebKeySet);
  }

  /** Returns the key of a token. Throws jose's errors, and 503 if no keys are known. */
  async keyOf(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    await this.#refresh();
    try {
      return await this.#known(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || this.#isFixed) throw error;
      const now = this.#parts.system.monotonic();
      if (now - this.#unknownAt < UNKNOWN_EVERY_MS) throw error;
      this.#unknownAt = now;
      await this.#fetchShared();
      return await this.#known(header, token);
    }
  }

  #known(header: JWSHeaderParameters, token: FlattenedJWSInput): Promise<Key> {
    if (this.#keys !== undefined) return this.#keys(header, token);
    throw new RefusedRequest({
      status: 503,
      code: "Unavailable",
      action: "check the token",
      state: `the keys of ${this.#issuer} cannot be fetched (${this.#failure})`,
      hint: "Try again later. The log of the service has the reason.",
    });
  }

  /** Fetches keys that are missing or old. While their issuer fails, old ones need not wait. */
  async #refresh(): Promise<void> {
    if (this.#isFixed) return;
    const now = this.#parts.system.monotonic();
    const ageMs = now - this.#fetchedAt;
    if (ageMs < FRESH_MS) return;
    if (ageMs > MOST_AGE_MS) this.#keys = undefined;
    const hasFailed = this.#failedAt > this.#fetchedAt;
    if (hasFailed && now - this.#failedAt < RETRY_EVERY_MS) return;
    const fetched = this.#fetchShared();
    if (this.#keys === undefined || !hasFailed) await fetched;
  }

  /** Fetches the keys. Requests share a fetch, but not in Workers, where one may not use another's. */
  #fetchShared(): Promise<void> {
    const at = this.#parts.system.monotonic();
    const running = isWorker() ? undefined : this.#fetching;
    if (running !== undefined && at - running.at < 3 * TIMEOUT_MS) return running.done;
    const done = this.#fetch().finally(() => {
      if (this.#fetching?.done === done) this.#fetching = undefined;
    });
    this.#fetching = { at, done };
    return done;
  }

  async #fetch(): Promise<void> {
    const { system, logger } = this.#parts;
    try {
      const base = this.#issuer.replace(/\/$/, "");
      const document = await this.#json(`${base}/.well-known/openid-configuration`);
      const { issuer, jwks_uri: url } = document;
      if (issuer !== this.#issuer) {
        throw new Error("its discovery document names another issuer");
      }
      const isSecure = typeof url === "string" && isKeysUrl(url, this.#issuer);
      if (!isSecure) throw new Error("its discovery document has no https URL of keys");
      this.#keys = createLocalJWKSet(await this.#json(url) as unknown as JSONWebKeySet);
      this.#fetchedAt = system.monotonic();
      this.#failure = "";
    } catch (error) {
      this.#failedAt = system.monotonic();
      const failure = messageOf(error);
      if (failure !== this.#failure) {
        logger?.warn?.(`Cannot fetch the keys of ${this.#issuer}: ${failure}`);
      }
      this.#failure = failure;
    }
  }

  async #json(url: string): Promise<Record<string, unknown>> {
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
    try {
      const headers = { accept: "application/json" };
      const response = await this.#parts.fetch(url, {
        headers,
        redirect: "manual",
        signal: stop.signal,
      });
      if (response.status !== 200) {
        await response.body?.cancel();
        throw new Error(`${new URL(url).pathname} answers ${response.status}`);
      }
      const bytes = await readAtMost(response.body, MAX_BYTES);
      if (bytes === undefined) throw new Error("its answer is too long");
      const value = parsedJson(new TextDecoder().decode(bytes));
      if (isJsonObject(value)) return value;
      throw new Error(`${new URL(url).pathname} is not a JSON object`);
    } catch (error) {
      if (stop.signal.aborted) throw new Error("it does not answer in time");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Keys may come over http only from an issuer that is itself on this machine. */
function isKeysUrl(url: string, issuer: string): boolean {
  const parsed = URL.parse(url);
  return parsed?.protocol === "https:" || issuer.startsWith("http:") && isIssuerUrl(url);
}

function isWorker(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers";
}
