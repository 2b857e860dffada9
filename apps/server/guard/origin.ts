// Which pages may use the service from a browser. A page on another origin must not: neither by
// sending requests (`Origin`, `Sec-Fetch-Site`), nor by a name of its own that leads here (`Host`:
// DNS rebinding). CORS is off until origins are named.
import { fault } from "../../../core/errors.ts";
import type { HandlerOptions } from "../options.ts";
import { RefusedRequest } from "../problem.ts";

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const READING = "GET, HEAD";
const METHODS = `${READING}, POST, PUT, PATCH, DELETE`;

/** Whether this is a name or address of this machine, that no other machine reaches. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

/** Refuses requests of pages that may not send them. */
export class OriginCheck {
  /** Origins whose pages may ask; `*` stands for all. */
  readonly #origins: ReadonlySet<string>;
  /** Names of the service beside those of this machine; undefined for any name. */
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #hasTokens: boolean;

  /** @throws {RegistryError} `Invalid` for an origin or a name that no request could have */
  constructor(
    { cors = [], hosts }: Pick<HandlerOptions, "cors" | "hosts">,
    hasTokens: boolean,
  ) {
    for (const origin of listed(cors, "cors")) checkOrigin(origin);
    for (const host of listed(hosts ?? [], "hosts")) checkHost(host);
    this.#origins = new Set(cors);
    const anyHost = hosts === undefined ? hasTokens : hosts.includes("*");
    this.#hosts = anyHost ? undefined : new Set(hosts?.map((host) => host.toLowerCase()));
    this.#hasTokens = hasTokens;
  }

  /** The answer to a question whether a request may be sent; undefined for other requests. Throws what is refused. */
  check(request: Request): Response | undefined {
    const { headers, method } = request;
    const host = this.#checkHost(request);
    const origin = headers.get("origin");
    if (origin === null) {
      this.#checkSite(request);
      return undefined;
    }
    const isOwn = hostOf(origin) === host;
    if (!this.#isAllowed(origin)) {
      if (isOwn) return undefined;
      throw foreignOrigin(origin);
    }
    const mayWrite = this.#hasTokens || this.#origins.has(origin) || isOwn;
    if (method === "OPTIONS" && headers.has("access-control-request-method")) {
      return answerPreflight(headers, mayWrite);
    }
    if (!mayWrite && !isRead(method) && method !== "OPTIONS") throw foreignWrite(origin);
    return undefined;
  }

  headersFor(origin: string | null): readonly (readonly [string, string])[] {
    if (this.#origins.size === 0) return SAME_ORIGIN;
    if (origin === null || !this.#isAllowed(origin)) return CROSS_ORIGIN;
    return [
      ...CROSS_ORIGIN,
      ["access-control-allow-origin", origin],
      ["access-control-expose-headers", "*"],
    ];
  }

  /** Returns the host that a request is for. Throws where that is not a name of the service. */
  #checkHost(request: Request): string {
    if (request.headers.get("host")?.includes(",")) throw severalHosts(); // two headers, joined
    const { host, hostname } = new URL(request.url);
    if (isLoopback(hostname) || (this.#hosts?.has(hostname) ?? true)) return host;
    throw foreignHost(hostname);
  }

  /** Scripts and images of other pages are asked for without an origin. A person who follows a link is welcome. */
  #checkSite({ headers, method }: Request): void {
    const site = headers.get("sec-fetch-site");
    if (site !== "cross-site" && site !== "same-site") return;
    if (headers.get("sec-fetch-mode") === "navigate") return;
    if (this.#origins.size > 0 && (isRead(method) || this.#hasTokens)) return;
    throw foreignOrigin("another site");
  }

  #isAllowed(origin: string): boolean {
    return this.#origins.has("*") || this.#origins.has(origin);
  }
}

function isRead(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

function answerPreflight(headers: Headers, mayWrite: boolean): Response {
  const asked = headers.get("access-control-request-headers") ?? "";
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": mayWrite ? METHODS : READING,
      "access-control-allow-headers": /^[\w\-, ]*$/.test(asked) ? asked : "",
      "access-control-max-age": "600",
    },
  });
}

const SAME_ORIGIN = [["cross-origin-resource-policy", "same-origin"]] as const;
const CROSS_ORIGIN = [["cross-origin-resource-policy", "cross-origin"], [
  "vary",
  "origin",
]] as const;

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function listed(given: readonly string[], option: string): readonly string[] {
  if (Array.isArray(given)) return given;
  throw fault({
    code: "Invalid",
    action: "serve",
    state: `the option ${option} is no list`,
    hint: `Write a list, also of one: { ${option}: [${JSON.stringify(String(given))}] }.`,
  });
}

/** What a browser sends as `Origin` has no path, no slash at its end, and no port that is the default. */
function checkOrigin(origin: string): void {
  const url = origin === "*" ? undefined : URL.parse(origin);
  const said = url?.host ? `${url.protocol}//${url.host}` : undefined;
  if (origin === "*" || origin === said) return;
  throw fault({
    code: "Invalid",
    action: "serve pages of",
    subject: JSON.stringify(origin),
    state: "it is no origin",
    hint: said === undefined
      ? "An origin is a scheme and a host, as https://app.example.com; * stands for all."
      : `Browsers say ${said}: an origin has no path and no slash at its end.`,
  });
}

/** A name is compared with that of the address, as {@linkcode URL} reads it. */
function checkHost(host: string): void {
  const written = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (host === "*" || URL.parse(`http://${written}`)?.host === written.toLowerCase()) return;
  throw fault({
    code: "Invalid",
    action: "serve as",
    subject: JSON.stringify(host),
    state: "it is no name of a machine",
    hint:
      "Write the name alone, as browsers send it, without scheme, port and path: registry.example.com",
  });
}

export function severalHosts(): RefusedRequest {
  return new RefusedRequest({
    status: 400,
    code: "Invalid",
    message: "Cannot read the request: it has more than one Host header",
    hint: "Send one Host header.",
  });
}

function foreignHost(host: string): RefusedRequest {
  return new RefusedRequest({
    status: 403,
    code: "Denied",
    message: `Cannot answer as ${JSON.stringify(host.slice(0, 80))}: the service has no such name`,
    hint:
      "Use http://127.0.0.1 or localhost; a service with tokens takes any name, and one without those in `hosts`.",
  });
}

function foreignWrite(origin: string): RefusedRequest {
  return new RefusedRequest({
    status: 403,
    code: "Denied",
    message: `Cannot write for a page of ${
      JSON.stringify(origin.slice(0, 80))
    }: without tokens, "*" lets pages read only`,
    hint:
      "Ask for tokens (holdfast serve --tokens FILE), or name the origin: holdfast serve --cors ORIGIN.",
  });
}

function foreignOrigin(origin: string): RefusedRequest {
  return new RefusedRequest({
    status: 403,
    code: "Denied",
    message: `Cannot answer a page of ${
      JSON.stringify(origin.slice(0, 80))
    }: only pages of this origin may ask`,
    hint:
      "Let it by its origin: holdfast serve --cors https://app.example.com, or the option cors.",
  });
}
