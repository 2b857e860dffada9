/**
 * What a handler is given, and what it is.
 *
 * @module
 */
import type { Logger, System } from "../../mod.ts";
import type { TokenCheck } from "./access/token_check.ts";

/** What a server knows of a request besides the request, as `Deno.serve` says it. */
export interface HandlerInfo {
  /** Who sent it. */
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
  /** Clock, randomness, ids and environment. @default the real ones */
  system?: System;
  /** Hears of faults, never of secrets. @default silent */
  logger?: Logger;
  /** What small files may take in memory that are asked for again and again, bytes; 0 for none. @default 67108864 (64 MiB) */
  maxHotBytes?: number;
}
