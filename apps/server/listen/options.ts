// Options of `listen`, and a listening server.
import type { Logger, System } from "../../../mod.ts";

/** Limits of connections. */
export interface ConnectionLimits {
  /** Size limit of all headers of a request, bytes. More is 431. @default 16384 */
  maxHeaderBytes?: number;
  /** Time limit for the headers of a request, milliseconds. Later is 408. @default 10000 */
  headersTimeoutMs?: number;
  /** Limit for a pause within a request or answer, milliseconds. @default 60000 */
  idleTimeoutMs?: number;
  /** Limit for a connection without a request, milliseconds. @default 15000 */
  keepAliveMs?: number;
  /**
   * Maximum number of connections. A further one closes the longest idle one. On Linux, fewer if
   * this process may not open enough files.
   *
   * @default 4096
   */
  maxConnections?: number;
}

/** Options of `listen`. */
export interface ListenOptions {
  /** The address. Other machines can reach it only with `hasTokens`. @default "127.0.0.1" */
  host?: string;
  /** The port; 0 for any free port. @default 8600 */
  port?: number;
  /** The handler requires tokens. @default false */
  hasTokens?: boolean;
  /** PEM files of a certificate with its chain, and its key, for TLS. @default none */
  tls?: { cert: string; key: string };
  limits?: ConnectionLimits;
  /**
   * Addresses of reverse proxies, or blocks such as `10.0.0.0/8`, whose `X-Forwarded-For` names the
   * client, for limits and the audit trail.
   *
   * @default none
   */
  trustedProxies?: readonly string[];
  /** @default the real clock */
  system?: Pick<System, "sleep"> & Partial<Pick<System, "now">>;
  /**
   * Receives a warning if fewer connections fit than asked for, and if clients refuse the
   * certificate, or will within 14 days.
   *
   * @default silent
   */
  logger?: Pick<Logger, "warn">;
}

/** A handler that listens on a port. */
export interface Listening {
  readonly url: string;
  /** When its certificate expires; undefined without TLS. */
  readonly certificateEndsAt: Date | undefined;
  /** Reads the certificate and key again, for new connections. */
  reloadCertificate(): Promise<void>;
  /**
   * Accepts no more connections, waits for running requests, and closes the rest. Uploads by tus
   * can be resumed after the next start.
   *
   * @returns the number of closed requests
   */
  stop(options?: {
    /** Time limit for running requests, milliseconds. @default 30000 */
    withinMs?: number;
  }): Promise<number>;
}
