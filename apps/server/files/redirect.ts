// Redirects to the bucket of the registry: the bytes of a large file need not pass through the service.
import type { ArtifactFile, ArtifactInfo } from "../../../core/artifact.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { Registry } from "../../../core/registry.ts";
import type { System } from "../../../core/system.ts";
import { keepNewest } from "../../../core/work/keep_newest.ts";
import type { Access } from "../access/access.ts";
import { type FoundVersion, presignOf } from "../../../extensions/transfers/presign_download.ts";

/** Lifetime of a URL, milliseconds. Removing the token does not shorten it. */
const URL_MS = 300_000;
/** How long requests get the same URL, milliseconds. */
const REUSE_MS = 60_000;
const MOST_KNOWN = 1000;
/** Versions whose next files need fewer requests to the bucket. */
const MOST_VERSIONS = 20;
/** Fewer bytes take less time than a redirect. */
const MIN_BYTES = 1024 ** 2;

/**
 * Clients that may be redirected: those that send neither a token nor headers of S3 along with a
 * request, which the bucket would receive; those of a protocol whose own servers redirect; or those
 * that ask for it with `holdfast-accept: redirect`.
 */
export type RedirectedClient = "sends no token" | "expects redirects" | "asks for redirects";

/** Returns the URL of a file in the bucket, undefined where the service sends the bytes. */
export type RedirectTo = (
  c: {
    request: Pick<Request, "method" | "headers">;
    info: { access: Pick<Access, "expiresAtMs"> };
  },
  { info, file, client }: {
    info: Pick<ArtifactInfo, "name" | "version" | "commit">;
    file: ArtifactFile;
    client: RedirectedClient;
  },
) => Promise<string | undefined>;

export function createRedirects(
  registry: Registry,
  system: Pick<System, "monotonic" | "now">,
): RedirectTo {
  /** A URL that is being made is known, too: many readers begin at once. */
  const known = new Map<string, { url: Promise<string | undefined>; until: number }>();
  const versions = new Map<string, FoundVersion & { until: number }>();
  const found = ({ name, commit }: { name: string; commit: string }): FoundVersion => {
    const key = JSON.stringify([name, commit]);
    const before = versions.get(key);
    if (before !== undefined && system.monotonic() < before.until) return before;
    const version: FoundVersion & { until: number } = { until: system.monotonic() + REUSE_MS };
    versions.delete(key);
    versions.set(key, version);
    keepNewest(versions, MOST_VERSIONS);
    return version;
  };
  return async (c, { info, file, client }) => {
    const { path, size } = file.info;
    if (size < MIN_BYTES || !mayFollow(c.request, client)) return undefined;
    const { expiresAtMs = Infinity } = c.info.access;
    const expiresInMs = Math.floor(Math.min(URL_MS, expiresAtMs - system.now()));
    if (expiresInMs < 1000) return undefined;
    const key = JSON.stringify([info.name, info.commit, path]);
    const before = known.get(key);
    const isKnown = before !== undefined && system.monotonic() < before.until;
    const isUsual = expiresInMs === URL_MS;
    if (isKnown && (isUsual || await before.url === undefined)) return await before.url;
    const url = urlOf(registry, info, { file, expiresInMs, found: found(info) });
    if (!isUsual) return await url;
    known.set(key, { url, until: system.monotonic() + REUSE_MS });
    keepNewest(known, MOST_KNOWN);
    url.catch(() => known.delete(key));
    return await url;
  };
}

/** Returns whether the client follows to another host, and the bucket answers what it sends there. */
function mayFollow(
  { method, headers }: Pick<Request, "method" | "headers">,
  client: RedirectedClient,
): boolean {
  if (method !== "GET") return false;
  const unfit = client === "sends no token"
    ? /^(authorization|cookie|if-.*|x-amz-.*)$/
    : /^(cookie|if-.*)$/;
  for (const name of headers.keys()) if (unfit.test(name)) return false;
  if (client === "asks for redirects") {
    if (headers.get("holdfast-accept") !== "redirect") return false;
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.get("range") ?? "") ?? [];
    if (Number(last) - Number(first) + 1 < MIN_BYTES) return false;
  }
  // Scripts of pages may not read other origins. Node sends the mode, too, but only browsers a site.
  return !headers.has("sec-fetch-site") || headers.get("sec-fetch-mode") === "navigate";
}

/** Returns undefined for a file without an object of its own: the service then reads it. */
async function urlOf(
  registry: Registry,
  { name, version }: Pick<ArtifactInfo, "name" | "version">,
  { file: { info }, expiresInMs, found }: {
    file: ArtifactFile;
    expiresInMs: number;
    found: FoundVersion;
  },
): Promise<string | undefined> {
  try {
    const asked = { version, path: info.path, expiresInMs };
    const { url, file } = await presignOf(registry, name, asked, found);
    return file.sha256 === info.sha256 ? url : undefined; // else the version was replaced
  } catch (error) {
    if (isRegistryError(error, "Unsupported")) return undefined;
    delete found.located; // which may have failed, or be of a deleted version
    if (isRegistryError(error)) return undefined;
    throw error;
  }
}
