// Links that clients open without their token. Each has the sealed token of the request that asked for
// it, and opens one path until it expires. The token is looked up again whenever the link is opened.
import { Buffer } from "node:buffer";
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { RouteContext } from "../gateways/gateway.ts";
import type { GatewayMemory } from "../memory/service_memory.ts";
import { publicUrl } from "../routing.ts";

const PARAMETER = "link", CIPHER = "aes-256-gcm", IV = 12, TAG = 16;
/** Services that share a gateway in one process, each with its key. */
const MOST_KEYS = 8;

/** The key of a service, which all its processes share and none stores. */
class LinkKey {
  static readonly id = "links.key";
  readonly #key = randomBytes(32).toString("base64");

  // deno-lint-ignore require-await -- a process may ask another one
  async get(): Promise<string> {
    return this.#key;
  }
}

/** @internal */
export interface SealedLinksOptions {
  /** How long a link opens its path, milliseconds. */
  lastsMs: number;
  /** Returns the token of a request without a link. */
  authorization(request: Request): string | null;
}

/** Links of a gateway, with one key for all processes of a service. */
export class SealedLinks {
  /** A class that gateways with links remember. */
  static readonly Key: typeof LinkKey = LinkKey;
  readonly #options: SealedLinksOptions;
  readonly #keys: Buffer[] = [];
  #reading: Promise<Buffer> | undefined;

  constructor(options: SealedLinksOptions) {
    this.#options = options;
  }

  open(memory: GatewayMemory): void {
    this.#reading = memory.of(LinkKey).get().then((text) => {
      const key = Buffer.from(text, "base64");
      this.#keys.unshift(key);
      this.#keys.splice(MOST_KEYS);
      return key;
    });
    this.#reading.catch(() => {});
  }

  /** Returns a link to a path with the rights of a request. */
  async to(c: RouteContext, path: string, nowMs: number): Promise<string> {
    const url = publicUrl(c, path), authorization = c.header("authorization");
    const key = await this.#reading;
    if (authorization === undefined || key === undefined) return `${url}`;
    const iv = randomBytes(IV), cipher = createCipheriv(CIPHER, key, iv);
    cipher.setAAD(Buffer.from(path));
    const text = JSON.stringify([nowMs + this.#options.lastsMs, authorization]);
    const sealed = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    url.searchParams.set(PARAMETER, sealed.toString("base64url"));
    return `${url}`;
  }

  /** Returns the header `Authorization` of a request, or that in its link. */
  authorization(request: Request, nowMs: number): string | null {
    const { authorization: tokenOf } = this.#options;
    const { pathname, searchParams } = new URL(request.url);
    const link = searchParams.get(PARAMETER);
    if (link === null || this.#keys.length === 0) return tokenOf(request);
    for (const key of this.#keys) {
      const opened = unseal(link, key, pathname);
      if (opened === undefined) continue;
      const [expiresMs, authorization] = opened;
      if (expiresMs < nowMs) return null;
      return tokenOf(new Request(request.url, { headers: { authorization } }));
    }
    return null; // of another service, or of this one before it was restarted
  }
}

function unseal(link: string, key: Buffer, path: string): [number, string] | undefined {
  try {
    const sealed = Buffer.from(link, "base64url");
    const cipher = createDecipheriv(CIPHER, key, sealed.subarray(0, IV));
    cipher.setAAD(Buffer.from(path));
    cipher.setAuthTag(sealed.subarray(-TAG));
    const parts = [cipher.update(sealed.subarray(IV, -TAG)), cipher.final()];
    return JSON.parse(Buffer.concat(parts).toString());
  } catch {
    return undefined;
  }
}
