// Drafts: versions that several clients write together.
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { route } from "../describe.ts";
import { aliasesOf, checkNamed, checkOnly, ofCondition } from "../saving/save_sent.ts";
import { openSentFiles } from "../saving/sent_files.ts";
import { CommitDraftSchema } from "../schemas/draft.ts";
import * as schemas from "../schemas/saving.ts";
import { DiscardedSchema } from "../schemas/request_values.ts";
import { CHECKED, REPEATED, savedAnswer, unreadState } from "../saving/saved_answer.ts";

export function draftsRoutes(routes: Routes, context: ServerContext): void {
  const { registry, checkDiscards, memory: { drafts } } = context;
  const open = (params: DraftParams) => openDraft(context, params);

  route(routes, "GET /artifacts/:name/drafts/:draft", {
    id: "draftInfo",
    tag: "drafts",
    summary: "Returns the state and parts of a draft",
    scope: "read",
    readsMany: true,
    answers: {
      200: {
        description: "The draft; its files with `files=true`",
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

  addPartRoute(routes, context);

  route(routes, "POST /artifacts/:name/drafts/:draft/commit", {
    id: "commitDraft",
    tag: "drafts",
    summary: "Saves a draft as one version; a repeat returns the same version",
    scope: "save",
    answers: REPEATED,
    json: CommitDraftSchema,
    answer: async ({ c, params, json, access, signal }) => {
      c.info.aliases = aliasesOf(json.alias);
      checkNamed(json, { name: params.name, access });
      const { materializer, ...options } = json;
      const draft = await open(params);
      const commit = () => draft.commit({ ...options, as: materializer, signal });
      const { name, draft: id } = params;
      const saved = await ofCondition(options.ifCommit, commit, unreadState(access, name));
      const committed = { kind: "draft", name, id, token: access.token } as const;
      if (!saved.skipped) await drafts.add(committed);
      return await savedAnswer(c, saved, () => drafts.isBy(committed));
    },
  });

  route(routes, "DELETE /artifacts/:name/drafts/:draft", {
    id: "discardDraft",
    tag: "drafts",
    summary: "Discards a draft",
    scope: "save",
    answers: {
      200: { description: "`discarded` is false without a draft", schema: DiscardedSchema },
    },
    answer: async ({ c, params, access, signal }) => {
      const { name, draft: id } = params;
      const draft = await open(params);
      for (const check of checkDiscards) {
        await check(registry, { name, draft: id }, { access, signal });
      }
      return c.json({ discarded: await draft.discard({ signal }) });
    },
  });
}

type DraftParams = Record<"name" | "draft", string>;

function openDraft({ registry }: ServerContext, { name, draft: id }: DraftParams) {
  return registry.openDraft(name, { id });
}

function addPartRoute(routes: Routes, context: ServerContext): void {
  route(routes, "PUT /artifacts/:name/drafts/:draft/parts/:part", {
    id: "addPart",
    tag: "drafts",
    summary: "Adds the files of a part to a draft, all at once; an existing part is kept",
    scope: "save",
    answers: { 200: { description: "The part", schema: schemas.AddedPartSchema }, ...CHECKED },
    json: schemas.PartRequestSchema,
    answer: async ({ c, params, json: { files: sent, compress }, access, signal }) => {
      const draft = await openDraft(context, params);
      const unread = unreadState(access, params.name);
      const add = (files: FileToSave[]) =>
        ofCondition(
          undefined,
          () => draft.addPart(params.part, files, { compress, signal }),
          unread,
        );
      if (sent === undefined) {
        c.info.dryRun = true;
        await checkOnly(add);
        return new Answer(null, { status: 204 });
      }
      const sentOptions = { access, repeatable: true, signal };
      const { files, removeUploads } = await openSentFiles(context, sent, sentOptions);
      const added = await add(files);
      await removeUploads();
      // A part that exists may be that of another token.
      const isShown = added.added || access.may("read", params.name);
      return c.json(isShown ? added : { added: false, files: sent.length, size: sizeOf(files) });
    },
  });
}

function sizeOf(files: readonly FileToSave[]): number {
  const sizes = files.map(({ content }) =>
    content instanceof Uint8Array ? content.byteLength : "size" in content ? content.size ?? 0 : 0
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
