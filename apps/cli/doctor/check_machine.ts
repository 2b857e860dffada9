// Checks of this machine: disk, permissions, certificates, proxies. They write and send nothing.
import { X509Certificate } from "node:crypto";
import { accessSync, closeSync, constants, openSync, statSync } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import process from "node:process";
import tls from "node:tls";
import { DRIVERS } from "../../../backends/drivers.ts";
import type { ProbeCertificate } from "../../../registry/tools/probe_backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { SyncRefused } from "../../../core/faults/errno.ts";
import { isGranted } from "../../../core/system.ts";
import { namedProxies, proxyExceptions } from "../../../core/urls/proxies.ts";
import { closeRead } from "../../../disk/disk_calls.ts";
import { syncFile } from "../../../disk/disk_sync.ts";
import { errorCode } from "../../../disk/file_errors.ts";
import type { CommandContext } from "../program/command.ts";
import { toReportable } from "../terminal/exit_code.ts";
import { commandReasons } from "../terminal/reasons.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { formatBytes } from "../terminal/units.ts";

export interface Check {
  what: string;
  verdict: "ok" | "warn" | "fail";
  found: string;
  /** The fix, unless it is ok. */
  advice?: string;
  certificate?: ProbeCertificate;
}

export function ok(what: string, state: string): Check {
  return { what, verdict: "ok", found: state };
}

export function trouble(
  what: string,
  verdict: "warn" | "fail",
  state: string,
  advice: string,
): Check {
  return { what, verdict, found: state, advice };
}

/** Makes a check of an error; rethrows the interruption of a run. */
export function failed(
  what: string,
  error: unknown,
  { hint }: Pick<CommandContext, "hint">,
): Check {
  const failure = toReportable(error);
  if (!isRegistryError(failure)) throw error;
  const advice = hint(failure) ?? "Rerun with --verbose to see the stack.";
  return trouble(what, "fail", failure.message, advice);
}

const MIB = 1024 * 1024;
/** With less, saves fail soon, bytes. */
const FULL_BYTES = 64 * MIB;
/** With less, a large save may fail, bytes. */
const LOW_BYTES = 1024 * MIB;

const DISKS = {
  disk: {
    full: "fail",
    advice: "Remove data.",
    reasons: ["space_needed", "disk_full"],
  },
  /** Without space, reads go on without it. */
  cache: {
    full: "warn",
    advice: "Free it: holdfast cache clear. Or set HOLDFAST_CACHE to a folder on another disk.",
    reasons: [],
  },
} as const;

/** Checks the free space for a folder, or for the nearest folder above that exists. */
export async function checkDisk(
  what: keyof typeof DISKS,
  path: string,
  context: Pick<CommandContext, "hint">,
): Promise<Check> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    const free = bavail * bsize;
    if (bavail === 0 && isReadOnly(path)) {
      return ok(what, `read-only: nothing can be saved in ${path}`);
    }
    const noInodes = files > 0 && ffree === 0;
    const state = noInodes
      ? `${path}: its disk has no inodes left`
      : `${formatBytes(free)} free for ${path}`;
    if (free >= LOW_BYTES && !noInodes) return ok(what, state);
    const { full, advice: plain, reasons } = DISKS[what];
    let advice: string = plain;
    for (const kind of reasons) { // the hint of one kind completes that of another
      advice = context.hint({ hint: advice, reason: commandReasons.of(kind) }) ?? advice;
    }
    return trouble(what, free < FULL_BYTES || noInodes ? full : "warn", state, advice);
  } catch (error) {
    const { code, message, name } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path) {
      return await checkDisk(what, dirname(path), context);
    }
    const advice = name === "NotCapable"
      ? "Allow it: --allow-sys=statfs"
      : "Check the owner of the folder.";
    return trouble(what, "warn", `unknown: ${message}`, advice);
  }
}

/** Warns of a disk that cannot sync folders; undefined if it can, or cannot be tried. */
export async function checkSync(
  path: string,
  context: Pick<CommandContext, "hint">,
): Promise<Check | undefined> {
  const isSafe = isReadOnly(path) || await syncsFolders(path).catch(() => true);
  if (isSafe) return undefined;
  const state = `the disk of ${path} cannot sync folders: a power cut may undo the last saves`;
  const hint = "Copy the registry to a disk of this machine, or to a bucket.";
  const advice = context.hint({ hint, reason: commandReasons.of("disk_unsafe") }) ?? hint;
  return trouble("durability", "warn", state, advice);
}

/** Returns false if the file system of a folder cannot make names durable. */
async function syncsFolders(path: string): Promise<boolean> {
  if (process.platform === "win32") return true;
  const folder = openSync(path, O_RDONLY | O_DIRECTORY);
  try {
    await syncFile(folder);
    return true;
  } catch (error) {
    return !(error instanceof SyncRefused);
  } finally {
    closeRead(folder);
  }
}

const ACCESS = [["read", "fail"], ["write", "warn"]] as const;

const { O_RDONLY, O_RDWR, O_DIRECTORY = 0 } = constants;
/** Flag of Linux that creates a file without a name, which is gone when it is closed. */
const TMPFILE = 0o20_000_000 | O_DIRECTORY;
/** Errors of file systems that create no such files. */
const NO_TMPFILE = ["EOPNOTSUPP", "ENOTSUP", "EISDIR", "EINVAL"];

/**
 * Throws without the permission for a folder. Opens it as a reader or writer does: `access` of Deno
 * 2.9 ignores groups and access control lists.
 */
function tryFolder(path: string, verb: "read" | "write"): void {
  if (process.platform !== "linux") {
    return accessSync(path, constants.X_OK | (verb === "read" ? constants.R_OK : constants.W_OK));
  }
  try {
    statSync(`${path}/.`); // needs the permission to search it
    const isRead = verb === "read";
    closeSync(openSync(path, isRead ? O_RDONLY | O_DIRECTORY : O_RDWR | TMPFILE, 0o600));
  } catch (error) {
    if (!NO_TMPFILE.includes(errorCode(error) ?? "")) throw error; // else the probe tries it
  }
}

/** True for a folder in an image such as squashfs, or on a disk that is mounted for reading. */
export function isReadOnly(path: string): boolean {
  if (!isGranted({ name: "write", path })) return false; // Deno would ask
  try {
    tryFolder(path, "write");
    return false;
  } catch (error) {
    return errorCode(error) === "EROFS";
  }
}

/** Checks that this program may read and write a folder; undefined if the folder is missing. */
export function checkPermissions(path: string): Check | undefined {
  const what = "permissions";
  for (const [verb, verdict] of ACCESS) {
    const state = `no permission to ${verb} ${path}`;
    if (!isGranted({ name: verb, path })) {
      return trouble(what, verdict, state, `Allow it: --allow-${verb}=${path}`);
    }
    try {
      tryFolder(path, verb);
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (name === "NotCapable") continue; // Deno needs another permission to check this
      if (verb === "write") return ok(what, `may read, but not write ${path}`); // as a reader
      return trouble(what, "fail", state, "Check its owner, permissions and mount.");
    }
  }
  return ok(what, `may read and write ${path}`);
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Returns the variables with files of authorities that this runtime trusts. */
function trustedVariables({ env }: CliIo["system"]): string[] {
  if (process.versions.deno === undefined) return ["NODE_EXTRA_CA_CERTS"];
  const usesSystem = (env("DENO_TLS_CA_STORE") ?? "").split(",").includes("system");
  return ["NODE_EXTRA_CA_CERTS", "DENO_CERT", ...(usesSystem ? ["SSL_CERT_FILE"] : [])];
}

/** Returns the certificates that the runtime does not have: a file may repeat all of those. */
function ownAuthorities(certificates: readonly string[]): string[] {
  const plain = (pem: string) => pem.replace(/\s/g, "");
  const known = new Set(tls.rootCertificates.map(plain));
  return certificates.filter((pem) => !known.has(plain(pem)));
}

/**
 * Checks the files with your own certificate authorities: readable, not expired, and named in a
 * variable that this program reads.
 */
export async function checkCertificates({ system }: Pick<CliIo, "system">): Promise<Check[]> {
  const what = "certificates";
  const variables = new Map<string, string[]>(); // by file: often all name the same
  const ofDrivers = DRIVERS.flatMap(({ certificates = [] }) => certificates);
  const trusted = trustedVariables(system);
  for (const name of ["NODE_EXTRA_CA_CERTS", "DENO_CERT", "SSL_CERT_FILE", ...ofDrivers]) {
    const path = system.env(name);
    if (path) variables.set(path, [...variables.get(path) ?? [], name]);
  }
  if (variables.size === 0) return [ok(what, "those of the system or runtime")];
  return await Promise.all(Array.from(variables, async ([path, names]) => {
    const name = names.join(", ");
    const advice = `Use a PEM file of valid certificates, or unset ${name}.`;
    const fail = (state: string) => trouble(what, "fail", `${path} of ${name} ${state}`, advice);
    try {
      const all = (await readFile(path, "utf8")).match(CERTIFICATES) ?? [];
      if (all.length === 0) return fail("contains no certificate");
      if (!names.some((name) => trusted.includes(name))) {
        const { length } = ownAuthorities(all);
        if (length === 0) return ok(what, `${path} of ${name} has only those of the runtime`);
        const state = `${length} in ${path} not trusted: this program does not read ${name}`;
        return trouble(what, "warn", state, `Name the file in ${trusted[0]} too.`);
      }
      const ends = all.map((pem) => Date.parse(new X509Certificate(pem).validTo));
      const old = ends.filter((end) => end < system.now());
      const certificates = `${all.length} in ${path}, from ${name}`;
      if (old.length === 0) return ok(what, certificates);
      const last = new Date(Math.max(...old)).toISOString().slice(0, 10);
      // System bundles contain some expired certificates, which do no harm.
      if (old.length < all.length) {
        return ok(what, `${certificates}; ${old.length} expired, the last on ${last}`);
      }
      return trouble(what, "warn", `all ${certificates}, expired, the last on ${last}`, advice);
    } catch (error) {
      return fail(`cannot be read: ${toReportable(error).message}`);
    }
  }));
}

/** Checks the URLs of proxies, without showing credentials. */
export function checkProxy({ system }: Pick<CliIo, "system">): Check[] {
  const what = "proxy";
  const named = namedProxies(system);
  if (named.length === 0) return [ok(what, "none")];
  const exceptions = proxyExceptions(system);
  const note = exceptions === "" ? "" : `, not for ${exceptions}`;
  return named.map(({ name, url }) => {
    if (url !== undefined) return ok(what, `${name} is ${url.protocol}//${url.host}${note}`);
    const verdict = name.toUpperCase() === "ALL_PROXY" ? "warn" : "fail";
    const advice = "Use http://host:port, or unset it. Buckets do not support SOCKS.";
    return trouble(what, verdict, `${name} is not the URL of an HTTP proxy`, advice);
  });
}
