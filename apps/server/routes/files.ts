// `GET /artifacts/{name}/versions/{version}/files/{path}`
import { type Artifact, isRegistryError } from "../../../mod.ts";
import type { ArtifactFile } from "../../../materializers/mod.ts";
import type { ByteRange } from "../../../backends/mod.ts";
import type { Routes, ServerContext } from "../routing.ts";
import { whileAllowed } from "../access/guard_route.ts";
import { route } from "../describe.ts";
import { answerFile, type Representation } from "../files/answer_file.ts";
import { isFixed } from "../files/opened.ts";
import { type Disposition, mediaHeaders } from "../files/media.ts";
import { createWindows, oneBehind, readFirst, type Windows } from "../files/streams.ts";
import { FileQuery } from "../schemas/reading.ts";

/** For files that cannot change: as long as the library trusts its own cache. */
const IMMUTABLE = "private, max-age=604800, immutable";

export function filesRoutes(routes: Routes, context: ServerContext): void {
  const { registry, openVersion } = context;
  const kind = registry.backend?.kind;
  const windows = createWindows({ near: kind === "local" || kind === "memory" });
  route(routes, "GET /artifacts/:name/versions/:version/files/:path{.+}", {
    id: "getFile",
    tag: "artifacts",
    summary: "Reads a file of a version, or a range of it",
    description:
      "A whole file is checked against its SHA-256: if it is damaged, the connection breaks " +
      "before its end. Browsers save files that could run code, unless `disposition` is " +
      "`inline`.",
    scope: "read",
    requestHeaders: {
      "range": "One range of bytes, as `bytes=0-99`. Several ranges return the whole file",
      "if-range": "The ETag or date of the file for the range",
      "if-match": "ETags, one of which must match",
      "if-none-match": "ETags that the client has",
      "if-modified-since": "The date of the client's copy",
      "if-unmodified-since": "The latest date that the file may have",
    },
    answers: {
      200: { description: "The file", content: ANY_BYTES, headers: FILE_HEADERS },
      206: {
        description: "The range",
        content: ANY_BYTES,
        headers: { ...FILE_HEADERS, "content-range": "The range of the bytes" },
      },
      304: { description: "Not modified" },
    },
    problems: [416],
    query: FileQuery,
    answer: async ({ c, params: { name, version, path }, query: { commit, disposition } }) => {
      const artifact = await openVersion({ name, version, commit });
      const file = artifact.file(path);
      const fixed = isFixed(registry, { name, version, commit });
      const representation = represent({ artifact, file, disposition, fixed });
      return await answerFile(c.req.raw, representation, async (range) => {
        const sent = await stream(windows, file, range);
        return sent && whileAllowed(c, sent);
      });
    },
  });
}

function represent(
  { artifact: { info }, file: { info: { path, size, sha256, mediaType } }, disposition, fixed }: {
    artifact: Artifact;
    file: ArtifactFile;
    disposition?: Disposition;
    fixed: boolean;
  },
): Representation {
  const digest = Uint8Array.from(sha256.match(/../g)!, (hex) => parseInt(hex, 16));
  return {
    size,
    etag: `"sha256:${sha256}"`,
    lastModified: info.createdAt.toUTCString(),
    digest: `sha-256=:${btoa(String.fromCharCode(...digest))}:`,
    headers: {
      ...mediaHeaders({ path, mediaType }, disposition),
      "cache-control": fixed ? IMMUTABLE : "no-cache",
      "holdfast-commit": info.commit,
      "holdfast-version": info.version,
    },
  };
}

/** Opens the stream of a file. Returns undefined for a range of a compressed file. */
async function stream(
  windows: Windows,
  file: ArtifactFile,
  range?: ByteRange,
): Promise<ReadableStream<Uint8Array> | undefined> {
  try {
    const opened = windows.open((windowBytes) => file.stream(range, { windowBytes }));
    return await readFirst(range === undefined ? oneBehind(opened) : opened);
  } catch (error) {
    if (range !== undefined && isRegistryError(error, "Unsupported")) return undefined;
    throw error;
  }
}

const ANY_BYTES = { "*/*": { schema: { type: "string", format: "binary" } } };

const FILE_HEADERS = {
  "etag": 'SHA-256 of the file: `"sha256:…"`, strong',
  "last-modified": "The date of the version",
  "cache-control": "`immutable` for files that cannot change",
  "accept-ranges": "`bytes`",
  "content-digest": "SHA-256 of a whole file (RFC 9530)",
  "repr-digest": "SHA-256 of the whole file (RFC 9530)",
  "content-disposition": "The file name for saving",
  "holdfast-commit": "The commit of the version, for `?commit=`",
  "holdfast-version": "The version in full",
};
