// Protection from web pages of other origins, whose requests have another `Origin` or
// `Sec-Fetch-Site`, or after DNS rebinding another `Host`. CORS is off by default.
import { type Advice, denied, fault, type RegistryError } from "../../../core/errors.ts";
import { Answer } from "../answer.ts";
import type { HandlerOptions } from "../options.ts";

const LOOPBACK = /^(localhost|[a-z0-9-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])$/;
const READING = "GET, HEAD, PROPFIND";
const METHODS = `${READING}, POST, PUT, PATCH, DELETE`;

/** Returns true for names and addresses that only this machine can reach. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host) || host === "::1";
}

export class OriginCheck {
  /** Allowed origins; `*` allows all. */
  readonly #origins: ReadonlySet<string>;
  /** Host names besides those of this machine; undefined for any. */
  readonly #hosts: ReadonlySet<string> | undefined;
  readonly #hasTokens: boolean;
  /** The last scheme and host that was allowed: mostly all requests have the same. */
  #last = { base: "", host: "" };

  /** @throws {RegistryError} `Invalid` for an origin or host name that no request can have */
  constructor({ cors = [], hosts }: Pick<HandlerOptions, "cors" | "hosts">, hasTokens: boolean) {
    for (const origin of listed(cors, "cors")) checkOrigin(origin);
    for (const host of listed(hosts ?? [], "hosts")) checkHost(host);
    this.#origins = new Set(cors);
    const anyHost = hosts === undefined ? hasTokens : hosts.includes("*");
    this.#hosts = anyHost ? undefined : new Set(hosts?.map((host) => host.toLowerCase()));
    this.#hasTokens = hasTokens;
  }

  /** Returns the answer to a preflight request, and throws if a request is refused. */
  check(request: Request): Answer | undefined {
    const { headers, method } = request;
    const host = this.#checkHost(request);
    const origin = headers.get("origin");
    if (origin === null) {
      this.#checkSite(request);
      return undefined;
    }
    const isOwn = URL.parse(origin)?.host === host;
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

  headersFor({ headers }: Request): readonly (readonly [string, string])[] {
    if (this.#origins.size === 0) return SAME_ORIGIN;
    const origin = headers.get("origin");
    if (origin === null || !this.#isAllowed(origin)) return CROSS_ORIGIN;
    return [
      ...CROSS_ORIGIN,
      ["access-control-allow-origin", origin],
      ["access-control-expose-headers", "*"],
    ];
  }

  /** Returns the host of a request. Throws if it is not a host name of the service. */
  #checkHost(request: Request): string {
    if (request.headers.get("host")?.includes(",")) throw severalHosts(); // two headers
    const { url } = request;
    const base = url.slice(0, url.indexOf("/", url.indexOf("//") + 2));
    if (base === this.#last.base) return this.#last.host;
    const { host, hostname } = new URL(base);
    if (!isLoopback(hostname) && !(this.#hosts?.has(hostname) ?? true)) throw foreignHost(hostname);
    this.#last = { base, host };
    return host;
  }

  /** Checks requests without an origin: scripts and images of other pages, but not links. */
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
  return READING.split(", ").includes(method);
}

function answerPreflight(headers: Headers, mayWrite: boolean): Answer {
  const asked = headers.get("access-control-request-headers") ?? "";
  return new Answer(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": mayWrite ? METHODS : READING,
      "access-control-allow-headers": /^[\w\-, ]*$/.test(asked) ? asked : "",
      "access-control-max-age": "600",
    },
  });
}

const SAME_ORIGIN = [["cross-origin-resource-policy", "same-origin"]] as const;
const CROSS_ORIGIN = [
  ["cross-origin-resource-policy", "cross-origin"],
  ["vary", "origin"],
] as const;

function listed(values: readonly string[], option: string): readonly string[] {
  if (Array.isArray(values)) return values;
  throw invalid(
    `the option ${option} is not an array`,
    `Pass an array: { ${option}: [${JSON.stringify(String(values))}] }.`,
  );
}

/** Checks an origin as browsers send it: without a path, a trailing slash or a default port. */
function checkOrigin(origin: string): void {
  const url = origin === "*" ? undefined : URL.parse(origin);
  const expected = url?.host ? `${url.protocol}//${url.host}` : undefined;
  if (origin === "*" || origin === expected) return;
  throw invalid(
    `${JSON.stringify(origin)} is not an origin`,
    `Pass a scheme and a host, such as ${expected ?? "https://app.example.com"}, or * for all.`,
  );
}

/** Checks a host name as {@linkcode URL} parses it. */
function checkHost(host: string): void {
  const written = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  if (host === "*" || URL.parse(`http://${written}`)?.host === written.toLowerCase()) return;
  throw invalid(
    `${JSON.stringify(host)} is not a host name`,
    "Pass a host name without scheme, port and path, such as registry.example.com.",
  );
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "serve", state, hint });
}

export function severalHosts(): RegistryError {
  const state = "it has more than one Host header", hint = "Send one Host header.";
  return fault({ code: "Invalid", action: "read the request", state, hint });
}

function refused(action: string, subject: string, state: string, advice: Advice): RegistryError {
  return denied(action, JSON.stringify(subject.slice(0, 80)), state, advice);
}

function foreignHost(host: string): RegistryError {
  const hint =
    "Use http://127.0.0.1 or localhost. To allow another host name, use tokens or `hosts`.";
  return refused("answer as", host, "not a host name of this service", { hint });
}

function foreignWrite(origin: string): RegistryError {
  return refused("write for a page of", origin, 'without tokens, "*" allows only reads', {
    hint: "Use tokens, or name the origin in the option `cors` of the service.",
    reason: { kind: "page_may_not_write" },
  });
}

function foreignOrigin(origin: string): RegistryError {
  return refused("answer a page of", origin, "its origin is not allowed", {
    hint: 'Allow its origin in the service: cors: "https://app.example.com".',
    reason: { kind: "origin_refused" },
  });
}
