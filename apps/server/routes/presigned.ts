// Transfers that go past the service, straight to the store, by URLs that work for a while.
import {
  commitUpload,
  createUpload,
  isRegistryError,
  presignDownload,
  type RegistryError,
} from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import type { Routes } from "../routing.ts";
import { checkNamed, ofCondition } from "../saving/save_sent.ts";
import {
  CommitPresignedSchema,
  PresignedSchema,
  PresignedUploadSchema,
  PresignQuery,
  PresignUploadSchema,
} from "../schemas/presigned.ts";
import { SavedArtifactSchema } from "../schemas/saving.ts";
import { savedAnswer } from "./saves.ts";

export function presignedRoutes(routes: Routes, { registry, uploads }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions/:version/presign", {
    id: "presignFile",
    tag: "uploads",
    summary: "A URL that fetches a file straight from the store",
    description:
      "Whoever knows the URL can read this file until it ends. Only buckets give such URLs, and only of " +
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
