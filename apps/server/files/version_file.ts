// Answers with a file of an opened version.
import { Buffer } from "node:buffer";
import { type ArtifactFile, isStored, type PagedArtifact } from "../../../core/artifact.ts";
import type { GatewayContext, RouteContext } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import { whileAllowed } from "../access/guard_route.ts";
import { checkGoesOn } from "./moving_reads.ts";
import { isAdded } from "./added_files.ts";
import { answerFile, type Representation } from "./answer_file.ts";
import { type Disposition, mediaHeaders } from "./media.ts";
import type { RedirectedClient } from "./redirect.ts";

/** For files that cannot change: as long as the library trusts its own cache. */
const IMMUTABLE = "private, max-age=604800, immutable";
/** For files that a token may read: a browser would keep them for other tokens, and without one. */
const ASK_AGAIN = "private, no-cache";

/** Files up to this size are read whole: streams take several times the processor time. */
const WHOLE_BYTES = 16 * 1024;

/**
 * A file of a version, and how it is answered.
 *
 * @internal
 */
export interface AnsweredFile {
  artifact: Pick<PagedArtifact, "info">;
  file: ArtifactFile;
  /** @default by the media type */
  disposition?: Disposition;
  /** True if the file at this URL cannot change, also if the store is restored: it has a commit. */
  fixed: boolean;
  /** True if the URL means one version. @default fixed */
  exact?: boolean;
  /** @default `"sha256:…"` */
  etag?: string;
  headHasRanges?: boolean;
  /** Additional headers. */
  headers?: Readonly<Record<string, string>>;
  /** Clients that the service may lead to the bucket. @default none */
  redirects?: RedirectedClient;
}

/** Answers with a file or a range of it, as long as the token of the request may read it. */
export async function answerVersionFile(
  c: RouteContext,
  { windows, memory, options, redirectTo }: Pick<
    GatewayContext,
    "windows" | "memory" | "options" | "redirectTo"
  >,
  answered: AnsweredFile,
): Promise<Answer> {
  const { artifact: { info }, file, fixed, exact = fixed, redirects, headers } = answered;
  if (!exact || isAdded(file)) {
    await checkGoesOn(c, { ...file.info, version: info.version }, memory);
  }
  const location = redirects && await redirectTo?.(c, { info, file, client: redirects });
  if (location !== undefined) {
    const shown = { location, "holdfast-commit": info.commit }; // tells it from those of proxies
    const own = { ...shown, "cache-control": "no-store", "content-length": "0" };
    return new Answer(null, { status: 307, headers: { ...headers, ...own } });
  }
  const caching = options.tokens ? ASK_AGAIN : fixed && !isAdded(file) ? IMMUTABLE : "no-cache";
  const request = isAdded(file) ? withoutDates(c.request) : c.request;
  const answer = await answerFile(request, represent(answered, caching), async (range) => {
    if (range === undefined && file.info.size <= WHOLE_BYTES) return await file.bytes();
    const size = range?.length ?? file.info.size;
    const sent = await windows.open((windowBytes) => file.stream(range, { windowBytes }), size);
    return whileAllowed(c, sent, { may: (access) => access.may("read", info.name) });
  });
  // Other registries, and wrappers, may stream bytes that they keep.
  return new Answer(answer.body, { ...answer, isOwned: isStored(file) });
}

type SentHead = Pick<Request, "method" | "headers">;

/** The date of a version says nothing about a file that was added to it since. */
function withoutDates({ method, headers: sent }: SentHead): SentHead {
  const headers = new Headers(sent);
  headers.delete("if-modified-since");
  headers.delete("if-unmodified-since");
  const isDate = !(headers.get("if-range") ?? '"').includes('"');
  if (isDate) headers.delete("range");
  return { method, headers };
}

/** Returns the entity tag of a file: its digest. */
export function etagOf({ sha256 }: Pick<ArtifactFile["info"], "sha256">): string {
  return `"sha256:${sha256}"`;
}

function represent(
  { artifact: { info }, file, disposition, etag, headHasRanges, headers }: AnsweredFile,
  caching: string,
): Representation {
  const { path, size, sha256, mediaType } = file.info;
  return {
    size,
    headHasRanges,
    etag: etag ?? etagOf(file.info),
    lastModified: info.createdAt.toUTCString(),
    digest: `sha-256=:${Buffer.from(sha256, "hex").toString("base64")}:`,
    headers: {
      ...mediaHeaders({ path, mediaType }, disposition),
      "cache-control": caching,
      "holdfast-commit": info.commit,
      "holdfast-version": info.version,
      ...headers,
    },
  };
}
