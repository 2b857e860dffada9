// The options of a service.
import type { Logger, System } from "../../mod.ts";
import type { TokenCheck } from "./access/token_file.ts";
import type { AuditSink } from "./observe/audit_entry.ts";
import type { Gauge } from "./observe/gauge.ts";
import type { UploadOptions } from "./uploads/next_step.ts";

/** The second argument of a handler, as `Deno.serve` passes it. */
export interface HandlerInfo {
  remoteAddr?: unknown;
}

/** Options of `createHandler` that routes read too. */
export interface ServiceOptions {
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
  /**
   * Lets pages of this machine, such as notebooks, show the explorer in a frame.
   *
   * @default false
   */
  framed?: boolean;
  /**
   * Lets admin tokens save files of this machine by their paths, without sending them. Needs
   * `tokens`: the service may read more than others who reach it.
   *
   * @default false
   */
  localFiles?: boolean;
  /**
   * Gateways answer large files with the URL of their object in the bucket, which is valid for five
   * minutes, where the client follows it and sends no token there. Clients of Holdfast also get URLs
   * for large files that they send.
   *
   * @default false, all bytes pass through the service
   */
  redirect?: boolean;
  /** The task that runs after `POST /upload`. @default none */
  upload?: UploadOptions;
  /**
   * Receives each change, and each request that was refused for its token or rights, before the answer
   * is sent. If it rejects, changes are refused until it accepts entries again.
   *
   * @default none
   */
  audit?: AuditSink;
  /** Further values of `/metrics`. @default none */
  gauges?: readonly Gauge[];
  /**
   * Hints for paths without a route, by their first folder: how to turn on the part that has them,
   * such as `{ jobs: "Start the service with --queue URL." }`.
   *
   * @default none
   */
  absent?: Readonly<Record<string, string>>;
  /**
   * A folder on this machine, readable by you alone, for the index of `GET /search`: then it holds
   * any number of versions, and the next process reads only what has changed since. Services of
   * several registries can share one.
   *
   * @default the index is in memory, at most 128 MiB
   */
  searchFolder?: string;
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
