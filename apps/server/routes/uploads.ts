// Uploads: whole, resumable, or saved at once as a version. URLs of the store for downloads.
import { presignDownload, presignUpload } from "../../../extensions/transfers/mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { wholeRequest } from "../gateways/gateway.ts";
import type { RouteContext, Routes, SentRequest } from "../gateways/gateway.ts";
import type { Answer } from "../answer.ts";
import { relative, type ServerContext } from "../routing.ts";
import { PRESIGN, PRESIGN_UPLOAD } from "../../../core/registry/transfer.ts";
import type {
  DirectDownloadOptions,
  DirectUploadOptions,
} from "../../../core/registry/transfer.ts";
import { route } from "../describe.ts";
import { operationRoute } from "../operation_route.ts";
import { aliasesOf, conflictFor } from "../saving/save_sent.ts";
import { passThrough } from "../saving/sent_files.ts";
import * as schemas from "../schemas/saving.ts";
import { FILE } from "../schemas/request_values.ts";
import { stateOfOwn } from "../uploads/own_upload.ts";
import { invalid, unsupported } from "../../../core/errors.ts";
import { checkStillAllowed, checkWrites } from "../access/guard_route.ts";
import { checkUploadSize } from "../guard/body_limit.ts";
import { SKIPPED } from "../saving/saved_answer.ts";
import { scheduleNext } from "../uploads/next_step.ts";

const TUS = {
  "tus-resumable": "The version of the protocol, 1.0.0",
  "upload-offset": "The offset of the upload, bytes",
};
const FRESH = { "cache-control": "no-store" };

export function contentsRoutes(routes: Routes, { uploads }: ServerContext): void {
  route(routes, "POST /contents", {
    id: "sendContent",
    tag: "uploads",
    summary: "Receives bytes for a later save, which names their upload id",
    description: "Incomplete bodies are discarded. Unsaved bytes are not part of the registry.",
    scope: "save",
    body: { "application/octet-stream": FILE },
    answers: { 201: { description: "Received", schema: schemas.ContentSchema } },
    answer: async ({ c, access }) => {
      const content = c.request.body ?? new Blob().stream();
      const options = { owner: access.token };
      const { id, size, sha256 } = await (await uploads()).receive(content, options);
      return c.json({ upload: id, size, sha256 }, 201);
    },
  });
}

export function tusRoutes(routes: Routes, context: ServerContext): void {
  const answer = async ({ c }: { c: RouteContext }) => {
    const { answerTus } = await import("../uploads/tus.ts");
    return await answerTus(wholeRequest(c), {
      uploads: await context.uploads(),
      access: c.info.access,
      memory: context.memory,
      id: c.params.upload,
      checkSize: (bytes) => checkUploadSize(context.options, bytes),
      keptForMs: context.registry.settings.graceMs,
    });
  };

  route(routes, "OPTIONS /uploads", {
    id: "describeUploads",
    tag: "uploads",
    summary: "Returns the supported parts of tus",
    scope: "open",
    answers: {
      204: { description: "The extensions", headers: { "tus-extension": "The extensions" } },
    },
    answer,
  });

  beginUploadRoutes(routes, answer);

  route(routes, "GET /uploads/:upload", {
    id: "uploadState",
    tag: "uploads",
    summary: "Returns the state of an upload; HEAD as tus defines it",
    scope: "save",
    answers: { 200: { description: "The state", schema: schemas.UploadStateSchema, headers: TUS } },
    problems: [410],
    answer: async ({ c, params: { upload }, access }) => {
      if (c.request.method === "HEAD") return await answer({ c });
      const { owner: _, ...state } = await stateOfOwn(await context.uploads(), upload, access);
      return c.json(state, 200, FRESH);
    },
  });

  route(routes, "PATCH /uploads/:upload", {
    id: "continueUpload",
    tag: "uploads",
    summary: "Sends bytes of an upload from its offset (tus 1.0)",
    description:
      "Bytes that arrive before a connection breaks are kept. A second request ends the first. " +
      "tus clients may also send a POST with `X-HTTP-Method-Override: PATCH`, DELETE or HEAD.",
    scope: "save",
    requestHeaders: { "tus-resumable": "1.0.0", "upload-offset": "The offset of the upload" },
    body: { "application/offset+octet-stream": FILE },
    answers: { 204: { description: "Received", headers: TUS } },
    problems: [410],
    answer,
  });

  route(routes, "DELETE /uploads/:upload", {
    id: "endUpload",
    tag: "uploads",
    summary: "Removes an upload (tus 1.0: termination)",
    scope: "save",
    requestHeaders: { "tus-resumable": "1.0.0" },
    answers: { 204: { description: "Removed", headers: TUS } },
    answer,
  });
}

function beginUploadRoutes(
  routes: Routes,
  answer: (asked: { c: RouteContext }) => Promise<Answer>,
): void {
  // tus clients use both spellings.
  for (
    const [path, id] of [["/uploads", "beginUpload"], ["/uploads/", "beginUploadHere"]] as const
  ) {
    route(routes, `POST ${path}`, {
      id,
      tag: "uploads",
      summary: "Creates a resumable upload (tus 1.0: creation, creation-with-upload)",
      scope: "save",
      requestHeaders: {
        "tus-resumable": "1.0.0",
        "upload-length": "The size of the upload, bytes",
        "upload-metadata": "Metadata of the client",
      },
      answers: {
        201: { description: "Created", headers: { location: "The relative URL", ...TUS } },
      },
      answer,
    });
  }
}

/** Longest field of a form. */
const MOST_FIELD = 64 * 1024;

export function uploadRoutes(routes: Routes, context: ServerContext): void {
  const form = {
    type: "object",
    properties: { name: { type: "string", maxLength: MOST_FIELD }, file: FILE.schema },
  };
  route(routes, "POST /upload", {
    id: "upload",
    tag: "uploads",
    summary: "Streams a body of any size into a version, and schedules its next step",
    description: "The body is the file, or a form with the fields `name`, `version`, `alias` and " +
      "`idempotencyKey` before its files. An incomplete body saves nothing. A repeat with an " +
      "idempotency key saves and schedules nothing. `alias` also needs the right to move.",
    scope: "save",
    requestHeaders: { "idempotency-key": "A repeat with the same key is the same upload" },
    body: { "application/octet-stream": FILE, "multipart/form-data": { schema: form } },
    answers: {
      202: { description: "Saved, and a job scheduled", schema: schemas.UploadAnswerSchema },
      201: {
        description: "Saved, with the `result` of a task if there is one",
        schema: schemas.UploadAnswerSchema,
      },
    },
    query: schemas.UploadQuery,
    answer: async ({ c, query, access }) => {
      const request = c.request;
      const type = request.headers.get("content-type") ?? "";
      const form = /^multipart\/form-data\s*;/i.test(type)
        ? await (await import("../uploads/multipart.ts")).openForm(request)
        : undefined;
      const fields: Readonly<Record<string, string | undefined>> = form?.fields ?? {};
      const { path, name = fields.name, version = fields.version } = query;
      const { alias = fields.alias } = query;
      const files = form?.files ?? rawFile(request, path);
      try {
        if (name === undefined) {
          throw invalid("upload", undefined, "no name is given", {
            hint: "Add it: POST /upload?name=my:data, or a field `name` before the file.",
          });
        }
        c.info.aliases = aliasesOf(alias);
        checkWrites(c, "save", name);
        if (alias !== undefined) access.check("move", name);
        const id = form === undefined ? "file" : "folder";
        const materializer = {
          ...passThrough({ id, formatVersion: 1 }, []),
          save: () => whileWritable(files, c, { name, alias }),
        };
        const idempotencyKey = c.header("idempotency-key") ?? fields.idempotencyKey;
        const { signal } = request;
        const onConflict = conflictFor(name, access);
        const save = { version, alias, idempotencyKey, onConflict, share: "none", signal } as const;
        const saved = await context.registry.save(name, undefined, { ...save, as: materializer });
        c.info.version = saved.version;
        const next = await scheduleNext(saved, context);
        const skipped = saved.skipped ? SKIPPED : {};
        // The first upload with this key may have been that of another token.
        const { digest: _, size: __, ...rest } = saved;
        const shown = saved.skipped && !access.may("read", name) ? rest : saved;
        if (!("jobId" in next)) {
          return c.json(shown === saved ? { ...next, ...saved } : shown, 201, skipped);
        }
        const location = relative(c, `jobs/${encodeURIComponent(next.jobId)}`);
        return c.json({ ...next, ...shown }, 202, { ...skipped, location });
      } finally {
        form?.close(); // the rest of a refused form is not read
      }
    },
  });
}

/** Yields files, then checks that the token may still write: an upload may take hours. */
async function* whileWritable(
  files: AsyncIterable<FileToSave>,
  c: RouteContext,
  { name, alias }: { name: string; alias?: string },
): AsyncGenerator<FileToSave> {
  yield* files;
  await checkStillAllowed(c, name);
  if (alias !== undefined) c.info.access.check("move", name);
}

async function* rawFile(
  { body, headers }: SentRequest,
  path = "content",
): AsyncGenerator<FileToSave> {
  const type = headers.get("content-type");
  const isReal = type !== null && type !== "application/x-www-form-urlencoded"; // curl's default
  yield { path, content: body ?? new Uint8Array(), ...(isReal ? { mediaType: type } : {}) };
}

/** Lifetime of a URL of the store, milliseconds, which removing the token does not shorten. */
const URL_MS = 3_600_000;

/** Lifetime of a URL that takes an upload, milliseconds. Transfers that have begun may go on. */
const UPLOAD_URL_MS = 300_000;

export function presignRoutes(
  routes: Routes,
  { registry, openPages, system, options: serving }: ServerContext,
): void {
  const run = (ref: string, options: DirectDownloadOptions) =>
    presignDownload(registry, ref, options);
  operationRoute(routes, PRESIGN, run, {
    answers: { 200: { description: "The URL", schema: schemas.PresignedSchema } },
    answer: async ({ c, options, access }) => {
      const { name = "", version = "" } = c.params;
      const artifact = await openPages({ name, version }, access);
      artifact.checkFiles?.();
      const ofToken = (access.expiresAtMs ?? Infinity) - system.now();
      const expiresInMs = Math.max(1000, Math.min(options.expiresInMs ?? URL_MS, ofToken));
      const exact = { ...options, expiresInMs, version: artifact.info.version };
      return c.json(await run(name, { ...exact, signal: c.request.signal }), 200, FRESH);
    },
  });
  const begin = (options: DirectUploadOptions) => presignUpload(registry, options);
  operationRoute(routes, PRESIGN_UPLOAD, begin, {
    answers: { 201: { description: "The URL", schema: schemas.PresignedUploadSchema } },
    answer: async ({ c, options, access }) => {
      if (!serving.redirect) {
        throw unsupported("presign an upload", undefined, "clients may not reach the bucket", {
          hint: "Send the bytes to /contents or /uploads, or run the service with `redirect`.",
        });
      }
      checkUploadSize(serving, options.size);
      const ofToken = (access.expiresAtMs ?? Infinity) - system.now();
      const expiresInMs = Math.max(1000, Math.floor(Math.min(UPLOAD_URL_MS, ofToken)));
      return c.json(await begin({ ...options, owner: access.token, expiresInMs }), 201, FRESH);
    },
  });
}
