// The options of a handler. A mistyped option could fail each request, or omit its access control.
import type { Logger, RegistryError, System } from "../../mod.ts";
import type { JobQueue } from "../../queues/mod.ts";
import type { TokenCheck } from "./access/token_file.ts";
import type { AuditSink } from "./observe/audit_entry.ts";
import type { Gauge } from "./observe/gauge.ts";
import type { UploadOptions } from "./uploads/next_step.ts";
import { fault } from "../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";

/** The second argument of a handler, as `Deno.serve` passes it. */
export interface HandlerInfo {
  remoteAddr?: unknown;
}

/** A handler of requests, for `Deno.serve`, Bun's `fetch`, or Node with an adapter. */
export interface Handler extends AsyncDisposable {
  /** Answers a request. Never rejects: errors are answers too. */
  (request: Request, info?: HandlerInfo): Promise<Response>;
  /** Ends watches and waits for running requests. The registry stays open. */
  close(): Promise<void>;
}

/** Options of `createHandler`. */
export interface HandlerOptions {
  /**
   * Tokens and their rights, from `openTokenFile`, `parseTokens` or `createOidcCheck`. Without
   * tokens everyone may do everything: listen on this machine only.
   *
   * @default none
   */
  tokens?: TokenCheck;
  /**
   * Origins of pages that may use the service in a browser, such as `https://app.example.com`; `*`
   * for all.
   *
   * @default none
   */
  cors?: readonly string[];
  /**
   * Host names of the service, without a port; `*` for any. Requests for other hosts are refused,
   * so web pages cannot reach a local service by their own host name.
   *
   * @default any with tokens; without, only those of this machine
   */
  hosts?: readonly string[];
  limits?: HandlerLimits;
  /** The registry was opened read-only, so the explorer offers no changes. @default false */
  readOnly?: boolean;
  /** The queue behind `/jobs`. It receives jobs for uploads only with `upload`. @default none */
  jobs?: JobQueue;
  /** The task that runs after `POST /upload`. @default none */
  upload?: UploadOptions;
  /**
   * Adds routes of the Hugging Face Hub that read and commit files, so that `HF_ENDPOINT` of
   * `huggingface_hub`, `transformers` and `datasets` can be the URL of the service.
   *
   * @default false
   */
  hf?: boolean;
  /**
   * Adds `/dav/NAME@VERSION/`: versions as folders, for programs that mount WebDAV. Read-only.
   *
   * @default false
   */
  dav?: boolean;
  /**
   * Adds `/mcp`, through which assistants and agents use the registry, with the rights of their
   * token. Needs the package `@modelcontextprotocol/server`.
   *
   * @default false
   */
  mcp?: boolean;
  /**
   * Receives each change, and each request that was refused for its token or rights, before the answer
   * is sent. If it rejects, changes are refused until it accepts entries again.
   *
   * @default none
   */
  audit?: AuditSink;
  /** Further values of `/metrics`. @default none */
  gauges?: readonly Gauge[];
  /** @default the real clock and randomness */
  system?: System;
  /**
   * Receives requests at `info` and faults at `error`, without secrets and queries.
   *
   * @default silent
   */
  logger?: Logger;
}

/** Limits of requests. */
export interface HandlerLimits {
  /**
   * Size limit of JSON that carries files, bytes. Other JSON has at most 1 MiB. A larger
   * body, or one with more than a million members, is 413.
   *
   * @default 33554432 (32 MiB)
   */
  maxBodyBytes?: number;
  /** Size limit of an upload, bytes. @default none */
  maxUploadBytes?: number;
  /** Time limit for a body that is read into memory, milliseconds. @default 60000 */
  bodyTimeoutMs?: number;
  /**
   * Requests per second for each token, or for each address without one. Bursts may have twice as
   * many. More is 429.
   *
   * @default no limit
   */
  requestsPerSecond?: number;
}

const OPTIONS: OptionNames<HandlerOptions> = {
  tokens: true,
  cors: true,
  hosts: true,
  limits: true,
  readOnly: true,
  jobs: true,
  upload: true,
  hf: true,
  dav: true,
  mcp: true,
  audit: true,
  gauges: true,
  system: true,
  logger: true,
};

const LIMITS: OptionNames<HandlerLimits> = {
  maxBodyBytes: true,
  maxUploadBytes: true,
  bodyTimeoutMs: true,
  requestsPerSecond: true,
};

/** Throws `Invalid` for arguments of `createHandler` that are not what they should be. */
export function checkHandlerOptions(registry: unknown, options: HandlerOptions): void {
  if (!has(registry, "open") || !has(registry, "names")) {
    throw invalid(
      "the first argument is not a registry",
      "Call createHandler(await openRegistry(path), options).",
    );
  }
  checkOptions("create a handler", options, OPTIONS);
  const { tokens, jobs, upload, limits } = options;
  checkOptions("create a handler", limits, LIMITS);
  if (tokens !== undefined && !has(tokens, "find")) {
    throw invalid(
      "`tokens` is not the result of `openTokenFile` or `parseTokens`",
      'Pass { tokens: await openTokenFile("tokens.json") }.',
    );
  }
  if (jobs !== undefined && !has(jobs, "add")) {
    throw invalid(
      "`jobs` is not a queue",
      'Pass { jobs: await openQueue(url) }, from "@holdfast/holdfast/queues".',
    );
  }
  if (upload !== undefined && !has(upload.task, "submit") && !has(upload, "schedule")) {
    throw invalid(
      "`upload` has neither a task nor `schedule`",
      'Pass { upload: { task } } with a task from "@holdfast/holdfast/plugins", or { upload: { schedule } }.',
    );
  }
}

function has(value: unknown, method: string): boolean {
  if (Array.isArray(value)) return false; // an array of tokens has a method `find` too
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function invalid(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "create a handler", state, hint });
}
