// The table of routes, and the context of a request. Only this module imports the router.
import { RegExpRouter } from "npm:hono@^4.13/router/reg-exp-router";
import { SmartRouter } from "npm:hono@^4.13/router/smart-router";
import { TrieRouter } from "npm:hono@^4.13/router/trie-router";
import type { StandardSchema } from "../../registry/mod.ts";
import type { Logger, Registry, System } from "../../mod.ts";
import type { ResumableUploads } from "../../registry/uploads.ts";
import type { Access, RouteScope } from "./access/access.ts";
import type { OpenVersion } from "./files/opened.ts";
import type { SearchIndexReader } from "./search/search_index.ts";
import type { ServiceMemory } from "./memory/service_memory.ts";
import type { AuditSubject } from "./observe/audit_entry.ts";
import type { Windows } from "./streams.ts";
import type { Metrics } from "./observe/metrics.ts";
import type { ProcessCounts } from "./observe/process_counts.ts";
import type { HandlerInfo, HandlerOptions } from "./options.ts";
import { invalid } from "../../core/errors.ts";
import { Answer } from "./answer.ts";

/**
 * The services of all routes.
 *
 * Reads ignore the signal of a request: `Deno.serve` also aborts it after complete answers, with a
 * warning on the terminal. Unread streams are cancelled; shorter reads run to their end.
 */
export interface ServerContext {
  readonly registry: Registry;
  readonly options: HandlerOptions;
  readonly system: System;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Returns the counts of all processes of the service. @default those of this one */
  readonly allCounts?: () => Promise<ProcessCounts>;
  readonly closing: AbortSignal;
  /** Uploads that no save has used yet. `Unsupported` for a registry without a store. */
  uploads(): Promise<ResumableUploads>;
  readonly openVersion: OpenVersion;
  /** The memory of all downloads. */
  readonly windows: Windows;
  /** Facts that the service remembers between requests. */
  readonly memory: ServiceMemory;
  readonly searchIndex: SearchIndexReader;
}

export interface RequestInfo extends HandlerInfo {
  /** The rights of the sender. Routes whose path has a `name` have checked it. */
  access: Access;
  /** The error of the token. Every route that is not open throws it. */
  refusal?: unknown;
  requestId: string;
  route?: string;
  /** Returns the current rights of the sender, for long responses. Absent without tokens. */
  renew?: () => Promise<Access>;
  scope?: RouteScope;
  name?: string;
  /** The version in its path, or the one that it saved. */
  version?: string;
  /** The alias in its path, or those that a save sets. */
  aliases?: readonly string[];
  /** True if it only checks what it would change. */
  dryRun?: boolean;
  /** The name that it asks to write, if that is not the one in its path. */
  target?: string;
  /** The name that it may have written: its rights and its body have passed their checks. */
  writes?: string;
  /** The subject of its entry in the audit trail, beside names and versions. */
  subject?: AuditSubject;
}

export { Answer };

export type Content = Record<string, { schema?: StandardSchema | Record<string, unknown> }>;

export interface DescribedAnswer {
  description: string;
  schema?: StandardSchema;
  content?: Content;
  headers?: Record<string, string>;
}

/** A route in the document. */
export interface RouteDescription {
  id: string;
  tag: string;
  summary: string;
  description?: string;
  /** Checked for the `name` of the path. Routes without a name check `c.info.access` themselves. */
  scope: RouteScope;
  requestHeaders?: Record<string, string>;
  body?: Content;
  answers: Record<number, DescribedAnswer>;
  problems?: readonly number[];
}

/** A row of the table. Its `answer` checks the token, the query and the body too. */
export interface RouteEntry extends RouteDescription {
  readonly method: string;
  readonly path: string;
  readonly query?: StandardSchema;
  readonly json?: StandardSchema;
  answer(c: RouteContext): Promise<Answer>;
}

/** A request to a route. */
export class RouteContext {
  readonly request: Request;
  readonly info: RequestInfo;
  /** The path of the route. */
  readonly path: string;
  /** The decoded parameters of the path. */
  readonly params: Record<string, string>;

  constructor(
    request: Request,
    { info, path, params }: Pick<RouteContext, "info" | "path" | "params">,
  ) {
    this.request = request;
    this.info = info;
    this.path = path;
    this.params = params;
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  readonly json = answerJson;
}

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND"];

/** All routes of an application. The first one added wins. */
export class Routes {
  readonly all: RouteEntry[] = [];
  readonly #router = new SmartRouter<RouteEntry>({
    routers: [new RegExpRouter(), new TrieRouter()],
  });

  add(entry: RouteEntry): void {
    this.all.push(entry);
    this.#router.add(entry.method, entry.path, entry);
  }

  /** Returns the answer of the route of a request, undefined without one. HEAD asks that of GET. */
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

  /** Returns the methods of a path. Routes without parameters win over those with parameters. */
  methodsAt(path: string): string[] {
    const entries = METHODS.flatMap((method) =>
      this.#router.match(method, path)[0].map(([entry]) => entry)
    );
    const exact = entries.filter((entry) => !entry.path.includes(":"));
    return [...new Set((exact.length > 0 ? exact : entries).map(({ method }) => method))];
  }
}

/** Returns the path without the query. */
export function pathOf(url: string): string {
  const from = url.indexOf("/", url.indexOf("//") + 2);
  const query = url.indexOf("?", from);
  return query < 0 ? url.slice(from) : url.slice(from, query);
}

/** Returns true for a path of WebDAV. */
export function isOfDav(path: string): boolean {
  return path.startsWith("/dav/");
}

/** Returns a path as a reference from the request: a proxy may have removed a prefix. */
export function relative({ request }: RouteContext, path: string): string {
  return "../".repeat(pathOf(request.url).split("/").length - 2) + path;
}

/**
 * Returns the URL of a path, relative to that of the request, as the client sees it: for programs
 * that need whole URLs or paths. A proxy with TLS says so in `X-Forwarded-Proto`, one that removed a
 * prefix in `X-Forwarded-Prefix`. No header changes the host.
 */
export function publicUrl(c: RouteContext, path: string): URL {
  const url = new URL(path, c.request.url);
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

/** Answers with JSON that ends with a newline, for terminals. */
export function answerJson(
  value: unknown,
  status?: number,
  headers?: Record<string, string>,
): Answer {
  return new Answer(`${JSON.stringify(value)}\n`, {
    status,
    headers: { "content-type": "application/json", ...headers },
  });
}
