// What a server that listens is given, and what it is.
import type { System } from "../../../mod.ts";

/** How much connections may take. */
export interface ConnectionLimits {
  /** Bytes of all headers of a request; more is 431. @default 16384 */
  maxHeaderBytes?: number;
  /** Until the headers of a request must be here, milliseconds; else 408. @default 10000 */
  headersTimeoutMs?: number;
  /** How long a body or a reader may stand still, milliseconds. @default 60000 */
  idleTimeoutMs?: number;
  /** How long a connection is kept without a request, milliseconds. @default 15000 */
  keepAliveMs?: number;
  /** How many there may be; then the one that was idle for longest is ended. @default 4096 */
  maxConnections?: number;
}

/** Options of `listen`. */
export interface ListenOptions {
  /** The address. Beyond this machine only with `hasTokens`. @default "127.0.0.1" */
  host?: string;
  /** The port; 0 for any that is free. @default 8600 */
  port?: number;
  /** Whether the handler asks for tokens. @default false */
  hasTokens?: boolean;
  /** Files of a certificate with its chain, and its key, PEM: then it speaks TLS. */
  tls?: { cert: string; key: string };
  /** How much connections may take. */
  limits?: ConnectionLimits;
  /** What waits. @default the real one */
  system?: Pick<System, "sleep">;
}

/** How a server is stopped. */
export interface StopOptions {
  /** How long what is under way may take, milliseconds. @default 30000 */
  withinMs?: number;
}

/** A handler on a port. */
export interface Listening {
  readonly url: string;
  /** Reads the certificate and the key again: connections from now on have them. */
  reloadCertificate(): Promise<void>;
  /**
   * Takes no more connections, and waits for what is under way; what is not done then is cut off. Uploads by tus go on
   * where they were at the next start.
   *
   * @returns how many requests were cut off
   */
  stop(options?: StopOptions): Promise<number>;
}
