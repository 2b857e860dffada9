// Failures and what to do about them: a row for each kind, whatever reports it. A disk reports an
// errno, a connection another one, a server an HTTP status. `backends/bucket/store_faults.ts` has
// the codes of stores.
import type { ErrorCode, RegistryErrorFields } from "../errors.ts";

export interface Meaning extends Pick<RegistryErrorFields, "code" | "hint" | "reason" | "retry"> {
  state: string;
  hint: string;
  /** True if nothing was written and nothing will be. */
  refused?: boolean;
}

export function meaning(
  code: ErrorCode,
  state: string,
  hint: string,
  more: Pick<Meaning, "reason" | "retry" | "refused"> = {},
): Meaning {
  return { code, state, hint, ...more };
}

const NEVER = { retry: "never" } as const;
const REFUSED = { refused: true } as const;

const NOT_OFFERED = meaning(
  "Unsupported",
  "the file system does not support this",
  "Use a folder on another file system.",
);
const NOT_PERMITTED = meaning(
  "Denied",
  "permission denied",
  "Check its owner and permissions, and those of its folder.",
);
const CROWDED = meaning(
  "Unavailable",
  "too many open files",
  "Run fewer operations at once, or raise the limit (ulimit -n).",
);
const BUSY = meaning("Unavailable", "another process is using it", "Try again.");
const NO_SERVER = meaning(
  "Unavailable",
  "the server of this folder does not answer",
  "Check the network and the file server, then try again.",
);

/** The errors of files and folders. */
export const DISK_FAULTS: Readonly<Record<string, Meaning>> = {
  ENOSPC: meaning("Unavailable", "the disk is full", "Free space, then try again.", NEVER),
  EDQUOT: meaning(
    "Unavailable",
    "the disk quota is used up",
    "Free space or raise the quota, then try again.",
    NEVER,
  ),
  EACCES: NOT_PERMITTED,
  EPERM: NOT_PERMITTED,
  EROFS: meaning(
    "Denied",
    "the file system is read-only",
    "Mount it for writing, or use another folder.",
  ),
  EMFILE: CROWDED,
  ENFILE: CROWDED,
  ENOMEM: meaning("Unavailable", "not enough memory", "Free memory, then try again."),
  ENOENT: meaning(
    "NotFound",
    "no such file or folder",
    "Check the path; a relative one starts at the current folder.",
  ),
  ENOTDIR: meaning("Invalid", "a part of the path is not a folder", "Check the path."),
  EISDIR: meaning("Invalid", "it is a folder", "Choose another path."),
  ELOOP: meaning("Conflict", "it is a symbolic link", "Check where the links on its path lead."),
  EEXIST: meaning("AlreadyExists", "it exists", "Choose another path, or remove what is there."),
  ENOTEMPTY: meaning(
    "AlreadyExists",
    "the folder has content",
    "Choose another path, or remove what is there.",
  ),
  ENAMETOOLONG: meaning(
    "Invalid",
    "path or name too long for this disk",
    "Use shorter names: most disks allow 255 bytes per name and 4,096 per path.",
  ),
  EINVAL: meaning("Invalid", "invalid name on this file system", "Choose another name."),
  EXDEV: meaning(
    "Unsupported",
    "source and target are on different file systems",
    "Copy it, then remove the original.",
  ),
  EFBIG: meaning(
    "Invalid",
    "it is too large for this file system",
    "Use a file system that supports larger files, or raise the limit (ulimit -f).",
  ),
  EOVERFLOW: meaning(
    "Invalid",
    "it is too large for this program",
    "Split the file, or use a 64-bit program.",
  ),
  EINTR: meaning("Unavailable", "interrupted by a signal", "Try again."),
  EIO: meaning(
    "Unavailable",
    "the disk failed to read or write",
    "Check the system log: the disk or its connection may be broken.",
  ),
  ENXIO: meaning("Unavailable", "its device is gone", "Check the device, and mount it again."),
  ENODEV: meaning("Unavailable", "its device is gone", "Check the device, and mount it again."),
  ESTALE: meaning(
    "Unavailable",
    "stale NFS file handle",
    "Try again; if it persists, remount the folder.",
  ),
  ENOLCK: meaning(
    "Unavailable",
    "the file system has no locks left",
    "Check the lock service of the file server (lockd), then try again.",
  ),
  ENOTSUP: NOT_OFFERED,
  EOPNOTSUPP: NOT_OFFERED,
  ENOSYS: NOT_OFFERED,
  EAGAIN: BUSY,
  EBUSY: BUSY,
  ETXTBSY: BUSY,
  EDEADLK: BUSY,
  ETIMEDOUT: NO_SERVER,
  EHOSTDOWN: NO_SERVER,
  ENOTCONN: meaning(
    "Unavailable",
    "its mount does not answer",
    "Unmount the folder, and mount it again.",
  ),
};

const SILENT = { reason: { kind: "store_silent" } } as const;
const UNREACHABLE = meaning(
  "Unavailable",
  "nothing answers at the endpoint",
  "Check the endpoint, its port, and that the store is running.",
  SILENT,
);
const NO_HOST = meaning(
  "Unavailable",
  "cannot resolve the host name of the endpoint",
  "Check the spelling of endpoint, region and bucket, and DNS.",
  { ...SILENT, ...REFUSED },
);
const NO_ANSWER = meaning(
  "Unavailable",
  "the connection broke before the reply",
  "Check the network and the store, then try again.",
  SILENT,
);
const TIMED_OUT = meaning(
  "Unavailable",
  "the store did not answer in time",
  "Try again, or raise requestTimeoutMs.",
  { reason: { kind: "store_timeout" } },
);

/** The errors of connections. */
export const CONNECTION_FAULTS: Readonly<Record<string, Meaning>> = {
  /** Unlike the others, it cannot end an open connection. */
  ECONNREFUSED: { ...UNREACHABLE, ...REFUSED },
  EHOSTUNREACH: UNREACHABLE,
  ENETUNREACH: UNREACHABLE,
  ENOTFOUND: NO_HOST,
  EAI_AGAIN: NO_HOST,
  ECONNRESET: NO_ANSWER,
  ECONNABORTED: NO_ANSWER,
  EPIPE: NO_ANSWER,
  ETIMEDOUT: TIMED_OUT,
  EMFILE: { ...CROWDED, ...REFUSED },
  ENFILE: { ...CROWDED, ...REFUSED },
  ENOBUFS: { ...CROWDED, state: "the system has no memory for connections", ...REFUSED },
  EADDRNOTAVAIL: {
    ...CROWDED,
    state: "all local ports are in use",
    hint: "Send fewer requests at once, then try again.",
    ...REFUSED,
  },
  /** The name of an error of Deno. */
  NotCapable: meaning(
    "Denied",
    "the program lacks the permission",
    "Run it with --allow-net, and for https: with --allow-sys, which certificates need.",
    REFUSED,
  ),
};

const SLOW_DOWN = meaning(
  "Unavailable",
  "the store limits the request rate",
  "Send fewer requests at once, or try again later.",
);
const TROUBLED = meaning(
  "Unavailable",
  "the store has an internal error",
  "Try again later, and check the status page of the store.",
);
const FULL = meaning(
  "Unavailable",
  "the store is full",
  "Free space or enlarge the store, then try again.",
  { ...NEVER, ...REFUSED },
);

/** A refusal by a proxy: a service that refuses a large body itself names a code. */
const BODY_LIMIT = meaning(
  "Invalid",
  "the request is larger than a proxy in between allows",
  "Raise the body limit of the proxy: `client_max_body_size 0;` in nginx.",
  { ...NEVER, ...REFUSED },
);
const PROXY_SIGN_IN = meaning(
  "Denied",
  "a proxy in between requires a password",
  "Add user name and password to the URL of the proxy: http://USER:PASSWORD@HOST:PORT.",
  { ...NEVER, ...REFUSED },
);
const NETWORK_SIGN_IN = meaning(
  "Unavailable",
  "the network requires a sign-in",
  "Sign in to the network in a browser, then try again.",
  { ...NEVER, ...REFUSED },
);

/** The status codes that mean the same on every server. */
export const STATUS_FAULTS: Readonly<Record<number, Meaning>> = {
  407: PROXY_SIGN_IN,
  408: TIMED_OUT,
  413: BODY_LIMIT,
  425: TROUBLED,
  429: SLOW_DOWN,
  /** nginx and Tigris: the connection behind them broke. */
  499: NO_ANSWER,
  507: FULL,
  511: NETWORK_SIGN_IN,
};

/** Rows that other tables share. */
export const FAULTS = {
  full: FULL,
  lost: NO_ANSWER,
  slow: SLOW_DOWN,
  timeout: TIMED_OUT,
  troubled: TROUBLED,
};

/** Returns what an error of a file or folder means, undefined for an unknown one. */
export function diskFault(code: string | undefined): Meaning | undefined {
  return code !== undefined && Object.hasOwn(DISK_FAULTS, code) ? DISK_FAULTS[code] : undefined;
}

/** Returns what an error of a connection means, undefined for an unknown one. */
export function connectionFault(code: string | undefined): Meaning | undefined {
  return code !== undefined && Object.hasOwn(CONNECTION_FAULTS, code)
    ? CONNECTION_FAULTS[code]
    : undefined;
}

const NO_TUNNEL = meaning(
  "Unavailable",
  "the proxy cannot connect to it",
  "Let the proxy connect to this host, or name the host in NO_PROXY.",
  REFUSED,
);

/**
 * Returns what an error means if a proxy refused the tunnel to a server. Runtimes have other words
 * each: Deno and Node, `fetch` of Deno, `fetch` of Node.
 */
export function tunnelFault(error: unknown): Meaning | undefined {
  const { code, name, message, cause } = (error ?? {}) as Record<string, unknown>;
  const text = `${code} ${name} ${message}`;
  if (/\bproxy authentication required\b/i.test(text)) return PROXY_SIGN_IN;
  if (/ERR_PROXY_TUNNEL|unsuccessful tunnel|HTTP Tunneling/.test(text)) {
    return /\b407\b/.test(text) ? PROXY_SIGN_IN : NO_TUNNEL;
  }
  return cause === undefined ? undefined : tunnelFault(cause);
}

/** Returns what a status code means, if it means the same on every server. */
export function statusFault(status: number): Meaning | undefined {
  return STATUS_FAULTS[status] ?? (status >= 500 && status !== 501 ? TROUBLED : undefined);
}
