// What a handler is given, and what it is.
import type { Logger, System } from "../../mod.ts";
import type { JobQueue } from "../../queues/mod.ts";
import type { TokenCheck } from "./access/token_check.ts";
import type { UploadOptions } from "./uploads/next_step.ts";

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
