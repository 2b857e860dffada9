// The table of routes, and the context of a request. Only this module imports the router.
import { RegExpRouter } from "npm:hono@^4.13/router/reg-exp-router";
import { SmartRouter } from "npm:hono@^4.13/router/smart-router";
import { TrieRouter } from "npm:hono@^4.13/router/trie-router";
import { invalid } from "../../core/errors.ts";
import { Answer } from "./answer.ts";
import {
  type Gateway,
  type GatewayContext,
  type RequestInfo,
  RouteContext,
  wholeRequest,
} from "./gateways/gateway.ts";
import type { RouteEntry, Routes } from "./gateways/gateway.ts";
import type { Places } from "./guard/places.ts";
import type { ServiceMemory } from "./memory/service_memory.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { ProcessCounts } from "./observe/process_counts.ts";
import { pathOf } from "./gateways/sent_path.ts";
import type { SearchIndexReader } from "./search/search_index.ts";

/** The services of the routes of every service. */
export interface ServerContext extends GatewayContext {
  readonly metrics: Metrics;
  /** Returns the counts of all processes of the service. @default those of this one */
  readonly allCounts?: () => Promise<ProcessCounts>;
  readonly memory: ServiceMemory;
  /** Archives that are being sent. Absent where requests must not wait for each other. */
  readonly archives?: Places;
  /** Requests that read lists. */
  readonly lists?: Places;
  readonly searchIndex: SearchIndexReader;
  /** The names of the gateways that a program passed. */
  readonly gateways: readonly string[];
  /** Checks of gateways before a draft is discarded. */
  readonly checkDiscards: readonly Required<Gateway>["checkDiscard"][];
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/** The table of routes of an application. */
export class Router implements Routes {
  readonly all: RouteEntry[] = [];
  readonly #router = new SmartRouter<RouteEntry>({
    routers: [new RegExpRouter(), new TrieRouter()],
  });

  add(entry: RouteEntry): void {
    this.all.push(entry);
    this.#router.add(entry.method, entry.path, entry);
  }

  async answer(request: Request, info: RequestInfo): Promise<Answer | undefined> {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const [[match] = [], stash] = this.#router.match(method, pathOf(request.url));
    if (match === undefined) return undefined;
    const [entry, at] = match;
    const params: Record<string, string> = {};
    for (const name in at) {
      params[name] = paramOf(
        name,
        stash === undefined ? `${at[name]}` : stash[at[name] as number]!,
      );
    }
    const answer = await entry.answer(
      new RouteContext(request, { info, path: entry.path, params }),
    );
    if (request.method !== "HEAD") return answer;
    if (answer.body instanceof ReadableStream) void answer.body.cancel().catch(() => {});
    return new Answer(null, answer);
  }

  at(method: string, path: string): RouteEntry | undefined {
    const wanted = method === "HEAD" ? "GET" : method;
    for (const each of [wanted, ...METHODS]) {
      const [found] = this.#router.match(each, path)[0];
      if (found !== undefined) return found[0];
    }
  }

  has(method: string, path: string): boolean {
    return this.#router.match(method, path)[0].length > 0;
  }

  methodsAt(path: string): string[] {
    const entries = METHODS.flatMap((method) =>
      this.#router.match(method, path)[0].map(([entry]) => entry)
    );
    const exact = entries.filter((entry) => !entry.path.includes(":"));
    return [...new Set((exact.length > 0 ? exact : entries).map(({ method }) => method))];
  }
}

/** Returns a path as a reference from the request: a proxy may have removed a prefix. */
export function relative({ sentPath }: RouteContext, path: string): string {
  return "../".repeat(sentPath.split("/").length - 2) + path;
}

/**
 * Returns the URL of a path, relative to that of the request, as the client sees it: for programs
 * that need whole URLs or paths. A proxy with TLS says so in `X-Forwarded-Proto`, one that removed a
 * prefix in `X-Forwarded-Prefix`. No header changes the host.
 */
export function publicUrl(c: RouteContext, path: string): URL {
  const url = new URL(path === "" ? c.sentPath : path, wholeRequest(c).url);
  if (c.header("x-forwarded-proto") === "https") url.protocol = "https:";
  const [, prefix = ""] = /^((?:\/[^/,\s]+)*)\/?$/.exec(c.header("x-forwarded-prefix") ?? "") ?? [];
  url.pathname = prefix + url.pathname;
  return url;
}

/** Throws `Invalid` for a path that cannot be decoded. */
export function checkPath(path: string): void {
  if (!path.includes("%")) return;
  try {
    decodeURIComponent(path);
  } catch (cause) {
    throw invalid("read the URL path", undefined, "invalid percent-encoding or UTF-8", {
      hint: "Encode each name with encodeURIComponent.",
      cause,
    });
  }
}

/**
 * Returns a decoded parameter of a path. Names of dots are escaped: `~..` is `..`, and `~~..` is
 * `~..`. `@@` is `/`, which proxies may decode. File paths stay as they are.
 */
function paramOf(name: string, encoded: string): string {
  const value = encoded.includes("%") ? decodeURIComponent(encoded) : encoded;
  if (name === "path") return value;
  return nameIn(value);
}

/** Returns the name in a decoded segment of a path. */
export function nameIn(segment: string): string {
  return segment.replaceAll("@@", "/").replace(/^~(~*\.{1,2})$/, "$1");
}
