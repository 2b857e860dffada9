// Files of a version: one, the chunks of one, or all as an archive.
import type { FileInfo } from "../../../core/record.ts";
import type { ReadablePages } from "../access/access.ts";
import { isExact } from "../files/opened.ts";
import { walkFiles, type WalkOptions } from "../files/walk_files.ts";
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { answerArchive } from "../files/version_archive.ts";
import { answerVersionFile } from "../files/version_file.ts";
import { notFound } from "../../../core/errors.ts";
import { Answer } from "../answer.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { CommitQuery } from "../schemas/artifact.ts";
import { ArchiveQuery, FileQuery } from "../schemas/reading.ts";
import { FilesPage, FilesQuery } from "../schemas/version.ts";

export function filesRoutes(routes: Routes, context: ServerContext): void {
  const { registry, openPages } = context;
  route(routes, "GET /artifacts/:name/versions/:version/files", {
    id: "listFiles",
    tag: "artifacts",
    summary: "Lists the files of a version by the bytes of their paths",
    scope: "read",
    readsMany: true,
    answers: listing(FilesPage, "A page of files, or all of them as lines"),
    query: FilesQuery,
    answer: async (
      { c, params: { name, version }, query: { commit, prefix, from, ...page }, access },
    ) => {
      const opened = await openPages({ name, version, commit }, access);
      return await answerListing(c, page, {
        list: (page) => filesIn(opened, { ...page, prefix, from }),
        keyOf: ({ path }) => path,
      });
    },
  });
  route(routes, "GET /artifacts/:name/versions/:version/files/:path{[^]+}", {
    id: "getFile",
    tag: "artifacts",
    summary: "Reads a file of a version, or a range of it",
    description:
      "A whole file is checked against its SHA-256. If it is damaged, the response is 500, or, " +
      "after the first bytes were sent, the connection breaks before the end. Browsers save " +
      "files that could run code, unless `disposition` is `inline`.",
    scope: "read",
    requestHeaders: {
      "range": "One range of bytes, as `bytes=0-99`. Several ranges return the whole file",
      "if-range": "The ETag or date of the file for the range",
      "if-match": "ETags, one of which must match",
      "if-none-match": "ETags that the client has",
      "if-modified-since": "The date of the client's copy",
      "if-unmodified-since": "The latest date that the file may have",
      "holdfast-accept": "`redirect`: the client follows to the bucket, without its token",
    },
    answers: {
      200: { description: "The file", content: ANY_BYTES, headers: FILE_HEADERS },
      206: {
        description: "The range",
        content: ANY_BYTES,
        headers: { ...FILE_HEADERS, "content-range": "The range of the bytes" },
      },
      304: { description: "Not modified" },
      307: {
        description: "The URL of the file in the bucket",
        headers: {
          "location": "A presigned URL, for five minutes",
          "holdfast-commit": "The commit of the version: redirects of proxies have none",
        },
      },
    },
    problems: [416],
    query: FileQuery,
    answer: async (
      { c, params: { name, version, path }, query: { commit, disposition }, access },
    ) => {
      const artifact = await openPages({ name, version, commit }, access);
      const file = await artifact.file(path);
      const exact = isExact(registry, { name, version, commit }, artifact);
      const fixed = commit !== undefined; // a restored store may have another value for a number
      const redirects = "asks for redirects" as const;
      const answered = { artifact, file, disposition, exact, fixed, redirects };
      return await answerVersionFile(c, context, answered);
    },
  });
}

export function chunksRoutes(routes: Routes, { openPages }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions/:version/chunks/:path{[^]+}", {
    id: "getChunks",
    tag: "artifacts",
    summary: "Reads the list of chunks of a file of a version",
    description:
      "FORMAT.md, section 3.4, has its bytes. With it, a client sends or fetches only what is new.",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The list", content: ANY_BYTES } },
    query: CommitQuery,
    answer: async ({ params: { name, version, path }, query: { commit }, access }) => {
      const artifact = await openPages({ name, version, commit }, access);
      const list = await (await artifact.file(path)).chunkList?.();
      if (list === undefined) {
        throw notFound("read the chunks of", JSON.stringify(path), "the file has no chunk list", {
          hint: "Read the whole file.",
        });
      }
      const headers = {
        "content-type": "application/octet-stream",
        "holdfast-commit": artifact.info.commit,
      };
      return new Answer(list, { headers });
    },
  });
}

export function archiveRoutes(routes: Routes, context: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions/:version/archive", {
    id: "getArchive",
    tag: "artifacts",
    summary: "Reads all files of a version as one archive",
    description:
      "The archive is not compressed, and has links and folders too. Entries have the time of " +
      "their file, or else of the version. Every file is checked against its SHA-256: if one is " +
      "damaged, the connection breaks before the end. Ranges are ignored. Links that lead out of " +
      "the version are 422.",
    scope: "read",
    answers: {
      200: {
        description: "The archive",
        content: { "application/zip": BINARY, "application/x-tar": BINARY },
        headers: {
          "content-length": "The size of the archive",
          "content-disposition": "Its file name: `NAME-VERSION.zip`",
          "holdfast-commit": "The commit of the version, for `?commit=`",
          "holdfast-version": "The version in full",
        },
      },
    },
    query: ArchiveQuery,
    answer: async ({ c, params: { name, version }, query: { commit, format }, access }) => {
      const archived = await context.openPages({ name, version, commit }, access);
      return await answerArchive(c, context, { archived, format });
    },
  });
}

async function* filesIn(
  version: ReadablePages,
  { limit = Infinity, ...options }: WalkOptions & PageQuery,
): AsyncGenerator<FileInfo> {
  let left = limit;
  for await (const { file } of walkFiles(version, options)) {
    if (file !== undefined) yield file;
    if (--left === 0) return;
  }
}

const BINARY = { schema: { type: "string", format: "binary" } };
const ANY_BYTES = { "*/*": BINARY };

const FILE_HEADERS = {
  "etag": 'SHA-256 of the file: `"sha256:…"`, strong',
  "last-modified": "The date of the version",
  "cache-control": "`immutable` for files with `?commit=`, in a service without tokens",
  "accept-ranges": "`bytes`",
  "content-digest": "SHA-256 of a whole file (RFC 9530)",
  "repr-digest": "SHA-256 of the whole file (RFC 9530)",
  "content-disposition": "The file name for saving",
  "holdfast-commit": "The commit of the version, for `?commit=`",
  "holdfast-version": "The version in full",
};
