// Drafts: versions that many clients write together.
import type { ServerContext } from "../context.ts";
import { describe, json, query } from "../describe.ts";
import { createRoutes, type Routes } from "../routing.ts";
import { checkNamed, ofCondition } from "../saving/save_sent.ts";
import { openSentFiles } from "../saving/sent_files.ts";
import * as schemas from "../schemas/saving.ts";
import { savedAnswer } from "./saves.ts";

export function draftsRoutes(context: ServerContext): Routes {
  const { registry, features } = context;
  features.add("drafts");
  const routes = createRoutes();
  const open = (name: string, id: string) => registry.openDraft(name, { id });

  routes.get(
    "/artifacts/:name/drafts/:draft",
    describe({
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
    }),
    query(schemas.DraftQuery),
    async (c) => {
      const { signal } = c.req.raw;
      const draft = await open(c.req.param("name"), c.req.param("draft"));
      const info = await draft.info({ signal });
      const files = c.req.valid("query").files ? await draft.files({ signal }) : undefined;
      return c.json({ ...info, files }, 200, { "cache-control": "no-store" });
    },
  );

  routes.put(
    "/artifacts/:name/drafts/:draft/parts/:part",
    describe({
      id: "addPart",
      tag: "drafts",
      summary: "Adds files to a draft, all of them at once; a part that is there stays as it is",
      scope: "write",
      answers: { 200: { description: "What became of it", schema: schemas.AddedPartSchema } },
    }),
    json(schemas.PartRequestSchema),
    async (c) => {
      const { files: sent, compress } = c.req.valid("json");
      const { signal } = c.req.raw;
      const { access } = c.env;
      const draft = await open(c.req.param("name"), c.req.param("draft"));
      const { files, removeUploads } = await openSentFiles(context, sent, {
        access,
        repeatable: true,
        signal,
      });
      const added = await draft.addPart(c.req.param("part"), files, { compress, signal });
      await removeUploads();
      return c.json(added);
    },
  );

  routes.post(
    "/artifacts/:name/drafts/:draft/commit",
    describe({
      id: "commitDraft",
      tag: "drafts",
      summary: "Saves what is in a draft as one version; a repeat gives the same",
      scope: "write",
      answers: {
        201: { description: "It was saved", schema: schemas.SavedArtifactSchema },
        200: { description: "It had been saved", schema: schemas.SavedArtifactSchema },
      },
    }),
    json(schemas.CommitDraftSchema),
    async (c) => {
      const options = c.req.valid("json");
      checkNamed(options, { name: c.req.param("name"), access: c.env.access });
      const draft = await open(c.req.param("name"), c.req.param("draft"));
      const commit = () => draft.commit({ ...options, signal: c.req.raw.signal });
      return savedAnswer(c, await ofCondition(options.ifCommit, commit));
    },
  );

  routes.delete(
    "/artifacts/:name/drafts/:draft",
    describe({
      id: "discardDraft",
      tag: "drafts",
      summary: "Gives a draft up",
      scope: "write",
      answers: {
        200: { description: "Whether there was one to give up", schema: schemas.DiscardedSchema },
      },
    }),
    async (c) => {
      const draft = await open(c.req.param("name"), c.req.param("draft"));
      return c.json({ discarded: await draft.discard({ signal: c.req.raw.signal }) });
    },
  );

  return routes as unknown as Routes;
}
