// Requests, the routes that answer them, and gateways: protocols of other programs on the service,
// such as that of the Hugging Face Hub. This module loads no package: `routing.ts` has the router.
import type { Logger, Registry, System } from "../../../mod.ts";
import type { Hints } from "../../../core/hints/reasons.ts";
import type { StandardSchema } from "../../../registry/mod.ts";
import type { ResumableUploads } from "../../../extensions/transfers/mod.ts";
import type { Access, RouteScope } from "../access/access.ts";
import type { TokenProof } from "../access/token_file.ts";
import { Answer } from "../answer.ts";
import type { AddedFiles } from "../files/added_files.ts";
import type { OpenPages } from "../files/opened.ts";
import type { RedirectTo } from "../files/redirect.ts";
import type { GatewayMemory, MemoryKind } from "../memory/service_memory.ts";
import type { AuditSubject } from "../observe/audit_entry.ts";
import type { Gauge } from "../observe/gauge.ts";
import { pathOf } from "./sent_path.ts";
import type { HandlerInfo, ServiceOptions } from "../service_options.ts";
import type { Windows } from "../streams.ts";

/**
 * The services of all routes, also of those of gateways.
 *
 * Reads ignore the signal of a request: `Deno.serve` also aborts it after complete answers, with a
 * warning on the terminal. Unread streams are cancelled; shorter reads run to their end.
 */
export interface GatewayContext {
  readonly registry: Registry;
  readonly options: ServiceOptions;
  readonly system: System;
  readonly logger: Logger;
  readonly closing: AbortSignal;
  /** Uploads that no save has used yet. `Unsupported` for a registry without a store. */
  uploads(): Promise<ResumableUploads>;
  readonly openPages: OpenPages;
  /** The memory of all downloads. */
  readonly windows: Windows;
  /** Absent if the service sends all bytes itself. */
  readonly redirectTo?: RedirectTo;
  /** Facts that the service remembers between requests. */
  readonly memory: GatewayMemory;
  /** Values of `/metrics`. */
  readonly metrics: { watch(gauge: Gauge): void };
  /** Sends a request to a route of the service, with the rights of `info`. */
  dispatch(request: Request, info: RequestInfo): Promise<Answer>;
}

/** A request as the service knows it, beside its bytes. */
export interface RequestInfo extends HandlerInfo {
  /** The rights of the sender. Routes whose path has a `name` have checked it. */
  access: Access;
  /** The error of the token. Every route that is not open throws it. */
  refusal?: unknown;
  requestId: string;
  /** Of a request in the protocol of another program. */
  gateway?: OpenGateway;
  route?: string;
  /** Places to read lists of any length. Absent where requests must not wait for each other. */
  lists?: RequestPlaces;
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

/** Places of a process, which requests take in turns. */
export interface RequestPlaces {
  /** Waits for a place of this sender, and returns a function that gives it back. */
  take(sender: string, signalOf?: () => AbortSignal): Promise<() => void>;
}

/** Bodies by their media types. */
export type Content = Record<string, { schema?: StandardSchema | Record<string, unknown> }>;

/** An answer in the document. */
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
  /** True if it reads a list of any length: it waits for a place, so that others get one too. */
  readsMany?: boolean;
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

/**
 * A request as routes read it: its query and its JSON are what their schemas accept, and its body a
 * stream.
 */
export type SentRequest = Pick<Request, "method" | "headers" | "body" | "signal">;

let wholeOf: (c: RouteContext) => Request;

/** Returns a request with its URL, for checks of the service itself: gateways have schemas. */
export function wholeRequest(c: RouteContext): Request {
  return wholeOf(c);
}

/** A request to a route. */
export class RouteContext {
  static {
    wholeOf = (c) => c.#whole;
  }

  readonly request: SentRequest;
  readonly #whole: Request;
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
    this.#whole = request;
    this.info = info;
    this.path = path;
    this.params = params;
  }

  /** The path as it was sent. */
  get sentPath(): string {
    return pathOf(this.#whole.url);
  }

  header(name: string): string | undefined {
    return this.request.headers.get(name) ?? undefined;
  }

  /** Answers with JSON that ends with a newline, for terminals. */
  json(value: unknown, status?: number, headers?: Record<string, string>): Answer {
    return answerJson(value, status, headers);
  }
}

/** A table of routes. The first one added wins; among gateways, the one with the longest fixed path. */
export interface Routes {
  readonly all: readonly RouteEntry[];
  add(entry: RouteEntry): void;
  /** Returns the answer of the route of a request, undefined without one. HEAD asks that of GET. */
  answer(request: Request, info: RequestInfo): Promise<Answer | undefined>;
  /** Returns the route of a path: that of the method, or else of any. */
  at(method: string, path: string): RouteEntry | undefined;
  has(method: string, path: string): boolean;
  /** Returns the methods of a path. Routes without parameters win over those with parameters. */
  methodsAt(path: string): string[];
}

/**
 * A part of the service that can be absent: more routes, or a protocol of other programs, with the
 * requests that are its own, how its clients send a token, and how its errors look.
 */
export interface Gateway {
  /** One word: `hub`. */
  readonly name: string;
  /**
   * Beginnings of paths that are its own, such as `/api/2.0/mlflow`, beside the paths of its routes:
   * errors there have its form. The longest beginning decides, in whatever order gateways are given.
   *
   * @default none, only the paths of its routes
   */
  readonly paths?: readonly string[];
  /**
   * Returns true for a request that is its own whatever its path, by its host or headers.
   *
   * @default false
   */
  claims?(request: Request): boolean;
  /**
   * Its routes answer only requests that it claims, and those at its `paths`, in place of the routes
   * of the service: for a protocol that takes all paths.
   *
   * @default false, its routes stand beside those of the service
   */
  readonly takesAllPaths?: boolean;
  addRoutes?(routes: Routes, context: GatewayContext): void;
  /**
   * Returns true for a request of its own whose body is a file, which its route passes on as it
   * comes: only `maxUploadBytes` limits it.
   *
   * @default false, bodies are JSON
   */
  streams?(request: Request): boolean;
  /**
   * Returns true for the path of a request of its own whose JSON has the bytes of files: it may be
   * as large as `maxBodyBytes`.
   *
   * @default false, 1 MiB is enough
   */
  sendsFiles?(path: string): boolean;
  /**
   * True if its requests only pass on others to the service, which have entries in the audit trail.
   *
   * @default false
   */
  readonly passesOn?: boolean;
  /**
   * Returns the header `Authorization` of a request whose protocol sends a token otherwise, or a
   * proof of one. Called once for each request. Routes throw what it throws.
   */
  authorization?(request: Request, context: { nowMs: number }): string | null | TokenProof;
  /** Returns the request as routes read it. @default as it was sent */
  received?(request: Request): Request;
  /**
   * Returns the answer to a request of its own in the form of the protocol. `answer.problem` has
   * the words of an error.
   */
  answered?(answer: Answer, info: RequestInfo, request: Request): Answer;
  /** Files that it adds to the versions that other gateways show. */
  readonly adds?: AddedFiles;
  /** True if its versions have the files that others add. @default false */
  readonly showsAdded?: boolean;
  /**
   * Throws for a draft that the sender may not discard.
   *
   * @default senders that may save the name may discard its drafts
   */
  checkDiscard?(
    registry: Registry,
    draft: { name: string; draft: string },
    asked: { access: Access; signal?: AbortSignal },
  ): Promise<void>;
  /** Returns the parameters of a path that the entry of a request in the audit trail has. */
  subjectOf?(params: Readonly<Record<string, string>>): AuditSubject;
  /** Hints for the reasons of its errors, for clients of the HTTP API. */
  readonly hints?: Hints;
  /** Classes of facts that it remembers between requests. */
  readonly memory?: readonly MemoryKind<object>[];
}

/** A gateway of a service, with the tables that its requests are looked up in. */
export interface OpenGateway {
  readonly gateway: Gateway;
  readonly tables: readonly Routes[];
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
