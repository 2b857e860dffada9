// What this machine has: space, permissions, certificates, proxies. Nothing is written, and nothing
// is sent.
import { X509Certificate } from "node:crypto";
import { accessSync, constants } from "node:fs";
import { readFile, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { DRIVERS } from "../../../backends/drivers.ts";
import { toReportable } from "../program/exit_code.ts";
import { isGranted } from "../../../core/system.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { formatBytes } from "../terminal/units.ts";
import { type Check, ok, trouble } from "./check.ts";

const MIB = 1024 * 1024;
/** Below this nothing can be saved for long, bytes. */
const FULL_BYTES = 64 * MIB;
/** Below this a large save may fail, bytes. */
const LOW_BYTES = 1024 * MIB;

/** Whether there is room on the disk of a folder; of one that is not there yet, on that of the folder above. */
export async function checkDisk(what: string, path: string): Promise<Check> {
  try {
    const { bavail, bsize, files, ffree } = await statfs(path);
    const free = bavail * bsize;
    const found = `${formatBytes(free)} free for ${path}`;
    const advice =
      "Free space: holdfast prune, then holdfast gc; or move the registry to a larger disk by mirror.";
    if (free < FULL_BYTES) return trouble(what, "fail", { found, advice });
    if (files > 0 && ffree === 0) {
      return trouble(what, "fail", { found: `${path}: its disk has no inodes left`, advice });
    }
    return free < LOW_BYTES ? trouble(what, "warn", { found, advice }) : ok(what, found);
  } catch (error) {
    const { code, message, name } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" && dirname(path) !== path) return await checkDisk(what, dirname(path));
    return trouble(what, "warn", {
      found: `cannot be told: ${message}`,
      advice: name === "NotCapable" ? "Allow it: --allow-sys=statfs" : "Check who owns the folder.",
    });
  }
}

/** Whether this user, and this program, may read and write a folder; undefined where it is not there. */
export function checkPermissions(path: string): Check | undefined {
  const what = "permissions";
  for (
    const [verb, mode, verdict] of [["read", constants.R_OK, "fail"], [
      "write",
      constants.W_OK,
      "warn",
    ]] as const
  ) {
    const found = `this program may not ${verb} ${path}`;
    if (!isGranted({ name: verb, path })) {
      return trouble(what, verdict, { found, advice: `Allow it: --allow-${verb}=${path}` });
    }
    try {
      accessSync(path, mode | constants.X_OK);
    } catch (error) {
      const { code, name } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return undefined;
      if (name === "NotCapable") continue; // Deno first asks who runs this; the flag above is what counts then
      return trouble(what, verdict, {
        found,
        advice: "Check who owns it, who may enter it, and how it is mounted.",
      });
    }
  }
  return ok(what, `may read and write ${path}`);
}

const CERTIFICATES = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g;

/** Whether the files with certificates of authorities of one's own can be read, and are of this time. */
export async function checkCertificates({ system }: Pick<CliIo, "system">): Promise<Check[]> {
  const what = "certificates";
  const named = new Map<string, string[]>(); // the names of each file: often all name one
  const ofDrivers = DRIVERS.flatMap(({ certificates = [] }) => certificates);
  for (const name of ["NODE_EXTRA_CA_CERTS", "DENO_CERT", "SSL_CERT_FILE", ...ofDrivers]) {
    const path = system.env(name);
    if (path) named.set(path, [...named.get(path) ?? [], name]);
  }
  if (named.size === 0) return [ok(what, "those of the system or runtime")];
  return await Promise.all(Array.from(named, async ([path, names]) => {
    const name = names.join(", ");
    const advice = `Name a PEM file of certificates that are valid, or unset ${name}.`;
    try {
      const all = (await readFile(path, "utf8")).match(CERTIFICATES) ?? [];
      if (all.length === 0) {
        return trouble(what, "fail", {
          found: `${path} of ${name} has no certificate in it`,
          advice,
        });
      }
      const ends = all.map((pem) => Date.parse(new X509Certificate(pem).validTo));
      const old = ends.filter((end) => end < system.now());
      const found = `${all.length} in ${path}, as ${name} says`;
      if (old.length === 0) return ok(what, found);
      const last = new Date(Math.max(...old)).toISOString().slice(0, 10);
      // Bundles of systems hold some that have ended: they take nothing from the others.
      if (old.length < all.length) {
        return ok(what, `${found}; ${old.length} ended, the last on ${last}`);
      }
      return trouble(what, "warn", { found: `all ${found}, ended, the last on ${last}`, advice });
    } catch (error) {
      return trouble(what, "fail", {
        found: `${path} of ${name} cannot be read: ${toReportable(error).message}`,
        advice,
      });
    }
  }));
}

/** Whether proxies are URLs, and whether what is asked goes through one. Credentials in them are not shown. */
export function checkProxy(
  { system: { env } }: Pick<CliIo, "system">,
  host: string | undefined,
): Check[] {
  const what = "proxy";
  const named = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"].flatMap((name) => {
    const url = env(name);
    return url ? [{ name, url: URL.parse(url) }] : [];
  });
  if (named.length === 0) return [ok(what, "none")];
  const passed = (env("NO_PROXY") ?? env("no_proxy") ?? "").split(/[\s,]+/).filter((part) =>
    part !== ""
  );
  const isPassed = host !== undefined &&
    passed.some((part) =>
      part === "*" || host === part || host.endsWith(`.${part.replace(/^\*?\./, "")}`)
    );
  return named.map(({ name, url }) => {
    if (url === null || !/^https?:$/.test(url.protocol)) {
      const advice = "Write it as http://host:port, or unset it.";
      return trouble(what, "fail", { found: `${name} is no URL of a proxy`, advice });
    }
    return ok(
      what,
      `${name} is ${url.protocol}//${url.host}${
        isPassed ? `, not used for ${host}: NO_PROXY` : ""
      }`,
    );
  });
}
