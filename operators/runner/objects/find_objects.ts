// Objects in buckets as inputs and outputs: one by its URL, or all below a URL that ends with `/`.
import { notFound, sha256, shown, sortedJson, unsupported } from "../../../core/kernel.ts";
import type { RegistryError } from "../../../core/kernel.ts";
import type { ObjectTransfer } from "../run_context.ts";
import { pipelineReasons } from "../../contract/reasons.ts";

interface FoundObjects {
  /** SHA-256 of paths, sizes and tags. Contents are not read. */
  digest: string;
  /** Total size, bytes. */
  size: number;
  /** Objects with their path below the URL; for a single one the last part of its key. */
  objects: { path: string; url: string }[];
}

interface FindObjectsOptions {
  s3?: ObjectTransfer;
  /** Paths below the URL to find; other objects are ignored. @default all */
  files?: readonly string[];
  signal?: AbortSignal;
}

/** Finds the objects at a URL. Throws `NotFound` if there is none, or some are missing. */
export async function findObjects(
  url: string,
  { s3, files, signal }: FindObjectsOptions,
): Promise<FoundObjects> {
  if (s3 === undefined) throw noTransfer(url);
  if (!url.endsWith("/")) {
    const info = await s3.info(url, { signal });
    const path = url.slice(url.lastIndexOf("/") + 1);
    return {
      digest: sha256(sortedJson([stateOf(info)])),
      size: info.size,
      objects: [{ path, url }],
    };
  }
  const wanted = files === undefined ? undefined : new Set(files);
  const matches: { path: string; url: string; state: string; size: number }[] = [];
  for await (const info of s3.list(url, { signal })) {
    const path = info.url.slice(url.length);
    const isFolder = path === "" || path.endsWith("/"); // created by consoles of vendors
    if (isFolder || wanted?.has(path) === false) continue;
    matches.push({ path, url: info.url, state: stateOf(info), size: info.size });
  }
  if (matches.length < (wanted?.size ?? 1)) throw noObjects(url);
  matches.sort((a, b) => a.path < b.path ? -1 : 1);
  return {
    digest: sha256(sortedJson(matches.map(({ path, state }) => [path, state]))),
    size: matches.reduce((sum, { size }) => sum + size, 0),
    objects: matches.map(({ path, url }) => ({ path, url })),
  };
}

/** Returns size and tag, which depends on the content; the time if the store has no tags. */
function stateOf(
  { size, etag, modifiedAt }: { size: number; etag?: string; modifiedAt: number },
): string {
  return `${size} ${etag ?? modifiedAt}`;
}

export function noTransfer(url: string): RegistryError {
  return unsupported("reach", shown(url), "no buckets are configured for this run", {
    hint: 'Pass s3: createS3Configs(), from "@holdfast/holdfast/backends".',
    reason: pipelineReasons.of("buckets_missing"),
  });
}

function noObjects(url: string): RegistryError {
  return notFound("list objects under", shown(url), "none found, or some are missing", {
    hint: "Check the URL, which is case-sensitive. For one object, omit the / at the end.",
  });
}
