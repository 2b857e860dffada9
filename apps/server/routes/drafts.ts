// Drafts: versions that many clients write together.
import type { Routes, ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { checkNamed, ofCondition } from "../saving/save_sent.ts";
import { openSentFiles } from "../saving/sent_files.ts";
import * as schemas from "../schemas/saving.ts";
import { savedAnswer } from "./saves.ts";

export function draftsRoutes(routes: Routes, context: ServerContext): void {
  const { registry } = context;
  const open = ({ name, draft: id }: Record<string, string>) => registry.openDraft(name, { id });

  route(routes, "GET /artifacts/:name/drafts/:draft", {
    id: "draftInfo",
    tag: "drafts",
    summary: "What is in a draft",
    scope: "read",
    answers: {
      200: {
        description: "Its state and parts; its files with `files=true`",
        schema: schemas.DraftInfoSchema,
      },
    },
    query: schemas.DraftQuery,
    answer: async ({ c, params, query, signal }) => {
      const draft = await open(params);
      const info = await draft.info({ signal });
      const files = query.files ? await draft.files({ signal }) : undefined;
      return c.json({ ...info, files }, 200, { "cache-control": "no-store" });
    },
  });

  route(routes, "PUT /artifacts/:name/drafts/:draft/parts/:part", {
    id: "addPart",
    tag: "drafts",
    summary: "Adds files to a draft, all of them at once; a part that is there stays as it is",
    scope: "write",
    answers: { 200: { description: "What became of it", schema: schemas.AddedPartSchema } },
    json: schemas.PartRequestSchema,
    answer: async ({ c, params, json, access, signal }) => {
      const draft = await open(params);
      const { files, removeUploads } = await openSentFiles(context, json.files, {
        access,
        repeatable: true,
        signal,
      });
      const added = await draft.addPart(params.part, files, { compress: json.compress, signal });
      await removeUploads();
      return c.json(added);
    },
  });

  route(routes, "POST /artifacts/:name/drafts/:draft/commit", {
    id: "commitDraft",
    tag: "drafts",
    summary: "Saves what is in a draft as one version; a repeat gives the same",
    scope: "write",
    answers: {
      201: { description: "It was saved", schema: schemas.SavedArtifactSchema },
      200: { description: "It had been saved", schema: schemas.SavedArtifactSchema },
    },
    json: schemas.CommitDraftSchema,
    answer: async ({ c, params, json: options, access, signal }) => {
      checkNamed(options, { name: params.name, access });
      const draft = await open(params);
      const commit = () => draft.commit({ ...options, signal });
      return savedAnswer(c, await ofCondition(options.ifCommit, commit));
    },
  });

  route(routes, "DELETE /artifacts/:name/drafts/:draft", {
    id: "discardDraft",
    tag: "drafts",
    summary: "Gives a draft up",
    scope: "write",
    answers: {
      200: { description: "Whether there was one to give up", schema: schemas.DiscardedSchema },
    },
    answer: async ({ c, params, signal }) => {
      const draft = await open(params);
      return c.json({ discarded: await draft.discard({ signal }) });
    },
  });
}
