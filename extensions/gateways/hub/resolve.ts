// Files of the Hub: `/org/repo/resolve/REVISION/PATH`.
import { Answer, route } from "../../../apps/gateways.ts";
import type {
  GatewayContext,
  ReadablePages,
  RouteContext,
  Routes,
} from "../../../apps/gateways.ts";
import { answerVersionFile, checkGoesOn, fileAt, isFirst } from "../../../apps/server/extending.ts";
import { isCommit, noEntry, revisionOf } from "./repos.ts";

interface ResolvePaths {
  files: `/${string}`;
  /** End of the ids of its routes. */
  suffix: string;
  /** `raw` is the same as `resolve`: no file is a pointer of Git LFS. */
  way: "resolve" | "raw";
  open(c: RouteContext): Promise<ReadablePages>;
}

/** Adds the route of files. The ETag is the bare SHA-256, which clients compare with their files. */
export function resolveRoute(
  routes: Routes,
  context: GatewayContext,
  { files, suffix, way, open }: ResolvePaths,
): void {
  route(routes, `GET ${files}/${way}/:revision/:path{[^]+}`, {
    id: `${way === "raw" ? "hubRaw" : "hubResolve"}${suffix}`,
    tag: "hub",
    summary: "Reads a file of a version, or a range of it",
    description:
      "HEAD, and a range from the first byte, redirect a revision that is not a commit " +
      "to its commit: clients then read one version in several requests.",
    scope: "read",
    requestHeaders: { range: "One range of bytes, as `bytes=0-99`" },
    answers: {
      200: { description: "The file", content: ANY_BYTES, headers: HUB_HEADERS },
      206: { description: "The range", content: ANY_BYTES, headers: HUB_HEADERS },
      304: { description: "Not modified" },
      307: { description: "The same file of its commit, or in the bucket", headers: HUB_HEADERS },
    },
    problems: [416],
    answer: async ({ c }) => {
      const artifact = await open(c);
      const { info } = artifact;
      const { path = "", revision = "" } = c.params as Record<string, string | undefined>;
      const commit = revisionOf(info);
      const file = await fileAt(artifact, path);
      if (file === undefined) {
        const missing = noEntry(path, info);
        // clients remember that this commit lacks the file
        Object.assign(missing.headers, { "x-repo-commit": commit });
        throw missing;
      }
      const etag = `"${file.info.sha256}"`;
      const headers = {
        "x-repo-commit": commit,
        "x-linked-size": String(file.info.size),
        "x-linked-etag": etag,
      };
      const fixed = isCommit(revision);
      const isOneOfMany = c.request.method === "HEAD" || c.header("range") !== undefined;
      if (!fixed && isOneOfMany && isFirst(c.request)) {
        await checkGoesOn(c, { ...file.info, version: info.version }, context.memory, true);
        const location = locationAt(c, way, commit);
        const moving = { "cache-control": "no-cache", etag, location };
        return new Answer(null, { status: 307, headers: { ...headers, ...moving } });
      }
      const redirects = "expects redirects" as const;
      const answered = { artifact, file, fixed, etag, headers, redirects };
      return await answerVersionFile(c, context, answered);
    },
  });
}

/** Versions of `huggingface_hub` that read only the path of a location, as one from the root. */
const READS_PATHS = /\bhf_hub\/[01]\./;

/**
 * Returns the address of a request at a commit, relative to it: a proxy may have removed the begin
 * of its path, and clients trust no other origin.
 */
export function locationAt(
  c: RouteContext,
  way: ResolvePaths["way"] | "tree",
  commit: string,
): string {
  const { revision = "" } = c.params as Record<string, string | undefined>;
  const parts = c.sentPath.split("/");
  const at = 1 +
    parts.findIndex((part, at) =>
      part === way && decodeURIComponent(parts[at + 1] ?? "") === revision
    );
  const moved = parts.with(at, commit);
  if (way !== "tree" && READS_PATHS.test(c.header("user-agent") ?? "")) {
    return moved.join("/");
  }
  return "../".repeat(parts.length - 1 - at) + moved.slice(at).join("/");
}

const ANY_BYTES = { "*/*": { schema: { type: "string", format: "binary" } } };

const HUB_HEADERS = {
  "etag": "SHA-256 of the file, strong",
  "x-repo-commit": "The revision, 40 hexadecimal digits",
  "x-linked-size": "Size of the whole file, bytes",
  "x-linked-etag": "The same as `etag`",
};
