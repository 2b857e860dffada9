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

/** What is sent where nobody can change it: as long as the library itself trusts what it cached. */
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
      "The whole file is checked against its SHA-256 as it is sent: where it is damaged, the connection " +
      "breaks before its end. Files that could run in a browser are sent to be saved, unless `disposition` says otherwise.",
    scope: "read",
    requestHeaders: {
      "range": "One range of bytes, as `bytes=0-99`. Several are answered with the whole",
      "if-range": "The ETag or date that the range is of",
      "if-match": "ETags, one of which it must have",
      "if-none-match": "ETags that the client has",
      "if-modified-since": "The date of what the client has",
      "if-unmodified-since": "The date that it must not be newer than",
    },
    answers: {
      200: { description: "The file", content: ANY_BYTES, headers: FILE_HEADERS },
      206: {
        description: "The range",
        content: ANY_BYTES,
        headers: { ...FILE_HEADERS, "content-range": "Which bytes these are" },
      },
      304: { description: "The client has it already" },
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
  const sum = Uint8Array.from(sha256.match(/../g)!, (hex) => parseInt(hex, 16));
  return {
    size,
    etag: `"sha256:${sha256}"`,
    lastModified: info.createdAt.toUTCString(),
    digest: `sha-256=:${btoa(String.fromCharCode(...sum))}:`,
    headers: {
      ...mediaHeaders({ path, mediaType }, disposition),
      "cache-control": fixed ? IMMUTABLE : "no-cache",
      "holdfast-commit": info.commit,
      "holdfast-version": info.version,
    },
  };
}

/** Opens the stream of a file; undefined for a range of a file that has none, since it is compressed. */
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
  "etag": 'Of the bytes: `"sha256:…"`, strong',
  "last-modified": "When the version was saved",
  "cache-control": "`immutable` for what cannot change",
  "accept-ranges": "`bytes`",
  "content-digest": "SHA-256 of what is sent, where it is the whole (RFC 9530)",
  "repr-digest": "SHA-256 of the whole (RFC 9530)",
  "content-disposition": "The name that it is saved under",
  "holdfast-commit": "The commit of the version: pins it as `?commit=`",
  "holdfast-version": "The version in full",
};
