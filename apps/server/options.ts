// Options of a handler. They are checked when it is created: a mistyped option would otherwise fail
// each request, or let everybody in.
import type { Logger, RegistryError, System } from "../../mod.ts";
import type { JobQueue } from "../../queues/mod.ts";
import type { TokenCheck } from "./access/token_file.ts";
import type { UploadOptions } from "./uploads/next_step.ts";
import { fault } from "../../core/errors.ts";
import { checkOptions, type OptionNames } from "../../core/options/check_options.ts";

/** What a server knows of a request besides the request, as `Deno.serve` says it. */
export interface HandlerInfo {
  remoteAddr?: unknown;
}

/** Answers requests; for `Deno.serve`, Bun's `fetch`, and for Node by an adapter. */
export interface Handler extends AsyncDisposable {
  /** Answers one. Never rejects: what goes wrong is an answer too. */
  (request: Request, info?: HandlerInfo): Promise<Response>;
  /** Ends what is watched, and waits for what is under way. The registry stays open. */
  close(): Promise<void>;
}

/** Options of a handler. */
export interface HandlerOptions {
  /** Who may do what, from `openTokenFile`. @default everybody may do everything: keep it to this machine */
  tokens?: TokenCheck;
  /** Origins whose pages may use the service from a browser, as `https://app.example.com`; `*` for all. @default none */
  cors?: readonly string[];
  /**
   * Names that the service has, without a port; `*` for any. Others are refused, so that no page can use a service of
   * this machine by a name of its own. @default with tokens any; without, only those of this machine
   */
  hosts?: readonly string[];
  /** How much may be asked. */
  limits?: HandlerLimits;
  /** The queue whose jobs `/jobs` shows. Uploads become its jobs only with `upload`. @default none */
  jobs?: JobQueue;
  /** The task that runs after `POST /upload`. @default none */
  upload?: UploadOptions;
  /** Clock, randomness, ids and environment. @default the real ones */
  system?: System;
  /** Hears of every request at `info`, and of faults at `error`; never of secrets and queries. @default silent */
  logger?: Logger;
}

/** How much may be asked of a handler. */
export interface HandlerLimits {
  /** Bytes of a body that is read as a whole; what is more is 413. @default 67108864 (64 MiB) */
  maxBodyBytes?: number;
  /** Bytes of a body that is uploaded. @default no limit */
  maxUploadBytes?: number;
  /** Until such a body must be here, milliseconds. @default 60000 */
  bodyTimeoutMs?: number;
  /** Requests a second of a token, or of an address without one; twice as many may come at once. Else 429. @default no limit */
  requestsPerSecond?: number;
}

const OPTIONS: OptionNames<HandlerOptions> = {
  tokens: true,
  cors: true,
  hosts: true,
  limits: true,
  jobs: true,
  upload: true,
  system: true,
  logger: true,
};

const LIMITS: OptionNames<HandlerLimits> = {
  maxBodyBytes: true,
  maxUploadBytes: true,
  bodyTimeoutMs: true,
  requestsPerSecond: true,
};

/**
 * Checks what a handler is given.
 *
 * @throws {RegistryError} `Invalid` for what is no registry, no check of tokens, no queue or no next step of uploads,
 * and for options that are not known: without `tokens` everybody is let in
 */
export function checkHandlerOptions(registry: unknown, options: HandlerOptions): void {
  if (!has(registry, "open") || !has(registry, "names")) {
    throw refused("it is given no registry", "createHandler(await openRegistry(path), options)");
  }
  checkOptions("create a handler", options, OPTIONS);
  const { tokens, jobs, upload, limits } = options;
  checkOptions("create a handler", limits, LIMITS);
  if (tokens !== undefined && !has(tokens, "find")) {
    throw refused(
      "its tokens are no check of tokens",
      'As in { tokens: await openTokenFile("tokens.json") }.',
    );
  }
  if (jobs !== undefined && !has(jobs, "add")) {
    throw refused("its jobs are no queue", "As in { jobs: await openQueue(url) }, of ./queues.");
  }
  if (
    upload !== undefined && !has(upload.task, "submit") && typeof upload.schedule !== "function"
  ) {
    throw refused(
      "its upload says neither a task nor what schedules one",
      'As in { upload: { task: plugins.createTask("resize").addBehavior("schedule_job") } }, or { upload: { schedule } }.',
    );
  }
}

function has(value: unknown, method: string): boolean {
  if (Array.isArray(value)) return false; // a list of tokens has a method find too
  return typeof (value as Record<string, unknown> | null | undefined)?.[method] === "function";
}

function refused(state: string, hint: string): RegistryError {
  return fault({ code: "Invalid", action: "create a handler", state, hint });
}
