// `POST /upload`: a file, saved as it comes, and its next step scheduled.
import type { FileToSave, RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { checkStillAllowed } from "../access/while_allowed.ts";
import { route } from "../describe.ts";
import type { RouteContext, Routes } from "../routing.ts";
import { passThrough } from "../saving/sent_files.ts";
import { UploadAnswerSchema, UploadQuery } from "../schemas/uploads.ts";
import { SKIPPED } from "./saves.ts";
import { scheduleNext } from "../uploads/next_step.ts";

const FORM = /^multipart\/form-data\s*;/i;
const BYTES = { type: "string", format: "binary" };

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
    requestHeaders: { "idempotency-key": "Whoever sends this again means the same upload" },
    body: {
      "application/octet-stream": { schema: BYTES },
      "multipart/form-data": {
        schema: { type: "object", properties: { name: { type: "string" }, file: BYTES } },
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
