// Uploads: whole, resumable, straight to a version, or straight to the store.
import { commitUpload, createUpload, presignDownload } from "../../../registry/uploads.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import { isRegistryError, type RegistryError } from "../../../mod.ts";
import type { RouteContext, Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { noUpload, passThrough } from "../saving/sent_files.ts";
import {
  CommitPresignedSchema,
  ContentSchema,
  PresignedSchema,
  PresignedUploadSchema,
  PresignQuery,
  PresignUploadSchema,
  SavedArtifactSchema,
  UploadAnswerSchema,
  UploadQuery,
  UploadStateSchema,
} from "../schemas/saving.ts";
import { parseContentDigest } from "../uploads/checksum.ts";
import { createUploadLocks } from "../uploads/tus_locks.ts";
import { fault } from "../../../core/errors.ts";
import { checkStillAllowed } from "../access/guard_route.ts";
import { savedAnswer, SKIPPED } from "./saves.ts";
import { scheduleNext } from "../uploads/next_step.ts";
import { checkNamed, ofCondition } from "../saving/save_sent.ts";

const TUS = {
  "tus-resumable": "The version of the protocol, 1.0.0",
  "upload-offset": "How far the upload is, bytes",
};
const BYTES = { schema: { type: "string", format: "binary" } };

export function contentsRoutes(routes: Routes, { uploads }: ServerContext): void {
  route(routes, "POST /contents", {
    id: "sendContent",
    tag: "uploads",
    summary: "Takes in bytes of any number, to be saved by their upload id",
    description:
      "What does not arrive whole is not kept. Nothing is in the registry before it is saved.",
    scope: "write",
    requestHeaders: { "content-digest": "What the bytes must have: sha-256=:BASE64: (RFC 9530)" },
    body: { "application/octet-stream": BYTES },
    answers: { 201: { description: "It is there", schema: ContentSchema } },
    answer: async ({ c, access }) => {
      const announced = c.req.header("content-digest");
      const verify = announced === undefined ? undefined : parseContentDigest(announced);
      const content = c.req.raw.body ?? new Blob().stream();
      const { id, size, sha256 } = await (await uploads()).receive(content, {
        owner: access.token,
        verify,
      });
      return c.json({ upload: id, size, sha256 }, 201);
    },
  });
}

export function tusRoutes(routes: Routes, context: ServerContext): void {
  const locks = createUploadLocks();
  const answer = async ({ c }: { c: RouteContext }) => {
    const { answerTus } = await import("../uploads/tus.ts");
    return await answerTus(c.req.raw, {
      uploads: await context.uploads(),
      access: c.env.access,
      locks,
      id: c.req.param("upload"),
      keptForMs: context.registry.settings.graceMs,
    });
  };

  route(routes, "OPTIONS /uploads", {
    id: "describeUploads",
    tag: "uploads",
    summary: "Says what of tus is spoken here",
    scope: "open",
    answers: {
      204: {
        description: "Extensions and algorithms",
        headers: { "tus-extension": "Which extensions" },
      },
    },
    answer,
  });

  // clients of tus are told its address in both ways
  for (
    const [path, id] of [["/uploads", "beginUpload"], ["/uploads/", "beginUploadHere"]] as const
  ) {
    route(routes, `POST ${path}`, {
      id,
      tag: "uploads",
      summary: "Begins a resumable upload (tus 1.0: creation, creation-with-upload)",
      scope: "write",
      requestHeaders: {
        "tus-resumable": "1.0.0",
        "upload-length": "How many bytes it will have",
        "upload-metadata": "What the client says of it",
      },
      answers: {
        201: {
          description: "It was begun",
          headers: { location: "Where it is, relative to this", ...TUS },
        },
      },
      answer,
    });
  }

  route(routes, "GET /uploads/:upload", {
    id: "uploadState",
    tag: "uploads",
    summary: "How far an upload is; with HEAD as tus says it",
    scope: "write",
    answers: { 200: { description: "How far it is", schema: UploadStateSchema, headers: TUS } },
    problems: [410],
    answer: async ({ c, params: { upload }, access }) => {
      if (c.req.method === "HEAD") return await answer({ c });
      const { owner, ...state } = await (await context.uploads()).state(upload);
      if (!access.owns(owner)) throw noUpload(upload);
      return c.json(state, 200, { "cache-control": "no-store" });
    },
  });

  route(routes, "PATCH /uploads/:upload", {
    id: "continueUpload",
    tag: "uploads",
    summary: "Sends bytes of an upload, from where it is (tus 1.0)",
    description:
      "What had arrived when a connection breaks is kept. A second request on an upload ends the first.",
    scope: "write",
    requestHeaders: {
      "tus-resumable": "1.0.0",
      "upload-offset": "How far it is",
      "upload-checksum":
        "sha1, sha256 or md5 of what is sent here, a space, and the digest in base64",
    },
    body: { "application/offset+octet-stream": BYTES },
    answers: { 204: { description: "It has arrived", headers: TUS } },
    problems: [410, 460],
    answer,
  });

  route(routes, "DELETE /uploads/:upload", {
    id: "endUpload",
    tag: "uploads",
    summary: "Removes an upload (tus 1.0: termination)",
    scope: "write",
    requestHeaders: { "tus-resumable": "1.0.0" },
    answers: { 204: { description: "It is gone", headers: TUS } },
    answer,
  });
}

const FORM = /^multipart\/form-data\s*;/i;

export function uploadRoutes(routes: Routes, { registry, options }: ServerContext): void {
  route(routes, "POST /upload", {
    id: "upload",
    tag: "uploads",
    summary: "Saves what is sent, of any size, as it comes, and schedules its next step",
    description:
      "The body is the file, or a form: its fields `name`, `version` and `idempotencyKey` come first, its " +
      "files behind them. A body that breaks off saves nothing. With an idempotency key it can be sent again: it is " +
      "saved, and its next step scheduled, once.",
    scope: "write",
    requestHeaders: { "idempotency-key": "A repeat with the same key is the same upload" },
    body: {
      "application/octet-stream": BYTES,
      "multipart/form-data": {
        schema: { type: "object", properties: { name: { type: "string" }, file: BYTES.schema } },
      },
    },
    answers: {
      202: { description: "It was saved, and the job was scheduled", schema: UploadAnswerSchema },
      201: {
        description: "It was saved; no step comes next, or its `result` is there",
        schema: UploadAnswerSchema,
      },
    },
    query: UploadQuery,
    answer: async ({ c, query, access }) => {
      const request = c.req.raw;
      const isForm = FORM.test(request.headers.get("content-type") ?? "");
      const form = isForm
        ? await (await import("../uploads/multipart.ts")).openForm(request)
        : undefined;
      const { fields } = form ?? { fields: {} as Readonly<Record<string, string | undefined>> };
      const { path, name = fields.name, version = fields.version } = query;
      const files = form?.files ?? rawFile(request, path);
      try {
        if (name === undefined) throw noName();
        access.check("write", name);
        const materializer = {
          ...passThrough({ id: isForm ? "folder" : "file", formatVersion: 1 }, []),
          save: () => whole(files, c, name),
        };
        const idempotencyKey = c.req.header("idempotency-key") ?? fields.idempotencyKey;
        const { signal } = request;
        const save = { version, idempotencyKey, base: null, materializer, signal };
        const saved = await registry.save(name, undefined, save);
        const next = await scheduleNext(saved, options);
        const skipped = saved.skipped ? SKIPPED : {};
        if (!("jobId" in next)) return c.json({ ...next, ...saved }, 201, skipped);
        return c.json({ ...next, ...saved }, 202, {
          ...skipped,
          location: `/jobs/${encodeURIComponent(next.jobId)}`,
        });
      } finally {
        form?.close(); // of one that was refused nobody reads the rest
      }
    },
  });
}

/** Returns the same files, and checks before their end that the token may still write: an upload may take hours. */
async function* whole(
  files: AsyncIterable<FileToSave>,
  c: RouteContext,
  name: string,
): AsyncGenerator<FileToSave> {
  yield* files;
  await checkStillAllowed(c, name);
}

async function* rawFile({ body, headers }: Request, path = "content"): AsyncGenerator<FileToSave> {
  const type = headers.get("content-type") ?? undefined;
  const mediaType = type === "application/x-www-form-urlencoded" ? undefined : type; // what curl says of any file
  yield {
    path,
    content: body ?? new Uint8Array(),
    ...(mediaType === undefined ? {} : { mediaType }),
  };
}

function noName(): RegistryError {
  return fault({
    code: "Invalid",
    action: "upload",
    state: "no name is said",
    hint:
      "Say what it is to be called: POST /upload?name=my:data, or a field `name` before the file.",
  });
}

export function presignedRoutes(routes: Routes, { registry, uploads }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions/:version/presign", {
    id: "presignFile",
    tag: "uploads",
    summary: "A URL that fetches a file straight from the store",
    description:
      "Anyone who has the URL can read this file until it expires. Only buckets give such URLs, and only of " +
      "files that have an object of their own: larger than 256 KiB and not compressed.",
    scope: "read",
    answers: { 200: { description: "Where it can be fetched", schema: PresignedSchema } },
    query: PresignQuery,
    answer: async ({ c, params: { name, version }, query, signal }) => {
      const asked = version === "latest" ? undefined : version;
      const options = { ...query, version: asked, signal };
      return c.json(await presignDownload(registry, name, options), 200, {
        "cache-control": "no-store",
      });
    },
  });

  route(routes, "POST /uploads/presigned", {
    id: "presignUpload",
    tag: "uploads",
    summary: "URLs that files are sent to, straight to the store",
    description:
      "Send each file with PUT and its headers, then commit. Only buckets give such URLs.",
    scope: "write",
    answers: {
      201: { description: "Where each file is to be sent", schema: PresignedUploadSchema },
    },
    json: PresignUploadSchema,
    answer: async ({ c, json, signal }) =>
      c.json(await createUpload(registry, { ...json, signal }), 201),
  });

  route(routes, "POST /uploads/presigned/:upload/commit", {
    id: "commitPresigned",
    tag: "uploads",
    summary: "Saves what was sent straight to the store as a version; a repeat gives the same",
    scope: "write",
    answers: {
      201: { description: "It was saved", schema: SavedArtifactSchema },
      200: { description: "It had been saved", schema: SavedArtifactSchema },
    },
    json: CommitPresignedSchema,
    answer: async ({ c, params: { upload: id }, json, access, signal }) => {
      const { files, name, ...options } = json;
      access.check("write", name);
      checkNamed(options, { name, access });
      if (await isSentHere(uploads, id)) throw notPresigned(id);
      const commit = () => commitUpload(registry, { id, files }, { name, ...options, signal });
      return savedAnswer(c, await ofCondition(options.ifCommit, commit));
    },
  });
}

/** Whether an upload is one of POST /contents or tus: those have owners, and lie beside what is sent to the store. */
async function isSentHere(uploads: ServerContext["uploads"], id: string): Promise<boolean> {
  try {
    await (await uploads()).state(id);
    return true;
  } catch (error) {
    if (isRegistryError(error, "NotFound", "Unsupported")) return false; // Unsupported: a store that takes none in
    throw error;
  }
}

function notPresigned(id: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "commit upload",
    subject: JSON.stringify(id),
    state: "there is none that was sent to the store",
    hint:
      "Save what was sent to /contents or /uploads by naming it: POST /artifacts/{name}/versions.",
  });
}
