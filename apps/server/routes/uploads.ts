// `/uploads` and `POST /contents`: bytes that arrive before they are saved.
import { openUploads } from "../../../mod.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import type { RouteContext, Routes } from "../routing.ts";
import { noUpload } from "../saving/sent_files.ts";
import { ContentSchema, UploadStateSchema } from "../schemas/uploads.ts";
import { parseContentDigest } from "../uploads/checksum.ts";
import { createUploadLocks } from "../uploads/tus_locks.ts";

const TUS = {
  "tus-resumable": "The version of the protocol, 1.0.0",
  "upload-offset": "How far the upload is, bytes",
};
const BYTES = { schema: { type: "string", format: "binary" } };

export function uploadsRoutes(routes: Routes, context: ServerContext): void {
  const { registry, features } = context;
  features.add("uploads");
  const locks = createUploadLocks();
  const tus = async (c: RouteContext) => {
    const { answerTus } = await import("../uploads/tus.ts");
    return await answerTus(c.req.raw, {
      uploads: await context.uploads(),
      access: c.env.access,
      locks,
      id: c.req.param("upload"),
      keptForMs: registry.settings.graceMs,
    });
  };

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
      const uploads = await context.uploads();
      const { id, size, sha256 } = await uploads.receive(c.req.raw.body ?? new Blob().stream(), {
        owner: access.token,
        verify,
      });
      return c.json({ upload: id, size, sha256 }, 201);
    },
  });

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
    answer: ({ c }) => tus(c),
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
      answer: ({ c }) => tus(c),
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
      if (c.req.method === "HEAD") return await tus(c);
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
    answer: ({ c }) => tus(c),
  });

  route(routes, "DELETE /uploads/:upload", {
    id: "endUpload",
    tag: "uploads",
    summary: "Removes an upload (tus 1.0: termination)",
    scope: "write",
    requestHeaders: { "tus-resumable": "1.0.0" },
    answers: { 204: { description: "It is gone", headers: TUS } },
    answer: ({ c }) => tus(c),
  });
}

/** Opens the uploads of a registry when they are first needed: all requests share their memory. */
export function createLazyUploads(
  { registry }: Pick<ServerContext, "registry">,
): ServerContext["uploads"] {
  let opened: ReturnType<typeof openUploads> | undefined;
  return () => opened ??= openUploads(registry);
}
