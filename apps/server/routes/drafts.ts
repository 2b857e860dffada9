// Drafts: versions that several clients write together, and runs, whose points are parts of a draft.
import { finishRun, type LoggedRun, openRun } from "../../../registry/mod.ts";
import { readLoggedRun, readLoggedRuns } from "../../../registry/mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Access } from "../access/access.ts";
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { answerListing, listing, type PageQuery } from "../listing.ts";
import { route } from "../describe.ts";
import { aliasesOf, checkNamed, checkOnly, ofCondition, optionsOf } from "../saving/save_sent.ts";
import { openSentFiles } from "../saving/sent_files.ts";
import * as runs from "../schemas/logged_runs.ts";
import * as schemas from "../schemas/saving.ts";
import { CHECKED, REPEATED, savedAnswer } from "./saves.ts";

export function draftsRoutes(routes: Routes, context: ServerContext): void {
  const { registry, memory: { drafts } } = context;
  const open = ({ name, draft: id }: Record<"name" | "draft", string>) =>
    registry.openDraft(name, { id });

  route(routes, "GET /artifacts/:name/drafts/:draft", {
    id: "draftInfo",
    tag: "drafts",
    summary: "Returns the state and parts of a draft",
    scope: "read",
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

  route(routes, "PUT /artifacts/:name/drafts/:draft/parts/:part", {
    id: "addPart",
    tag: "drafts",
    summary: "Adds the files of a part to a draft, all at once; an existing part is kept",
    scope: "save",
    answers: { 200: { description: "The part", schema: schemas.AddedPartSchema }, ...CHECKED },
    json: schemas.PartRequestSchema,
    answer: async ({ c, params, json: { files: sent, compress }, access, signal }) => {
      const draft = await open(params);
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

  route(routes, "POST /artifacts/:name/drafts/:draft/commit", {
    id: "commitDraft",
    tag: "drafts",
    summary: "Saves a draft as one version; a repeat returns the same version",
    scope: "save",
    answers: REPEATED,
    json: schemas.CommitDraftSchema,
    answer: async ({ c, params, json, access, signal }) => {
      c.info.aliases = aliasesOf(json.alias);
      checkNamed(json, { name: params.name, access });
      const { materializer, ...options } = optionsOf(json);
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
      200: { description: "`discarded` is false without a draft", schema: schemas.DiscardedSchema },
    },
    answer: async ({ c, params, signal }) => {
      const draft = await open(params);
      return c.json({ discarded: await draft.discard({ signal }) });
    },
  });
}

/** Returns the state of a conflict for a token that may not know versions and parts of a draft. */
function unreadState(access: Access, name: string): string | undefined {
  return access.may("read", name) ? undefined : "the draft or its version was changed";
}

function sizeOf(files: readonly FileToSave[]): number {
  const sizes = files.map(({ content }) =>
    content instanceof Uint8Array ? content.byteLength : "size" in content ? content.size ?? 0 : 0
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

const FRESH = { "cache-control": "no-store" };

export function loggedRunsRoutes(
  routes: Routes,
  { registry, memory: { drafts } }: ServerContext,
): void {
  route(routes, "GET /logged-runs", {
    id: "listLoggedRuns",
    tag: "drafts",
    summary: "Lists the runs that are not finished, of all readable names",
    scope: "read",
    answers: listing(runs.LoggedRunsPage, "A page of runs"),
    query: runs.LoggedRunsQuery,
    answer: ({ c, query: { name, ...page }, access, signal }) => {
      const names = (each: string) => access.may("read", each);
      const list = (page: PageQuery) =>
        runsAfter(readLoggedRuns(registry, { name, names, signal }), page);
      return answerListing(c, page, { list, keyOf });
    },
  });

  route(routes, "GET /artifacts/:name/runs/:run", {
    id: "readLoggedRun",
    tag: "drafts",
    summary: "Returns a run and a page of its points, also while it goes on",
    scope: "read",
    answers: { 200: { description: "The run", schema: runs.LoggedRunSchema } },
    query: runs.LoggedRunQuery,
    answer: async ({ c, params: { name, run: id }, query: { after }, signal }) =>
      c.json(await readLoggedRun(registry, name, { id, after, signal }), 200, FRESH),
  });

  route(routes, "POST /artifacts/:name/runs/:run", {
    id: "beginRun",
    tag: "drafts",
    summary: "Begins a run, or adds a writer to one",
    description: "Then PUT the points as parts of the draft `run:` and the id of the run.",
    scope: "save",
    answers: { 200: { description: "The new writer", schema: runs.RunWriterSchema } },
    json: runs.BeginRunSchema,
    answer: async ({ c, params: { name, run: id }, json, signal }) =>
      c.json((await openRun(registry, name, { id, ...json, signal })).writer),
  });

  route(routes, "POST /artifacts/:name/runs/:run/finish", {
    id: "finishRun",
    tag: "drafts",
    summary: "Saves a run as one version; a repeat returns the same version",
    description: "`parts` are those of the draft with the files of the value.",
    scope: "save",
    answers: REPEATED,
    json: schemas.CommitDraftSchema,
    answer: async ({ c, params: { name, run: id }, json, access, signal }) => {
      c.info.aliases = aliasesOf(json.alias);
      checkNamed(json, { name, access });
      const { materializer, ...options } = optionsOf(json);
      const finish = () => finishRun(registry, name, { id, ...options, as: materializer, signal });
      const saved = await ofCondition(options.ifCommit, finish);
      const finished = { kind: "run", name, id, token: access.token } as const;
      if (!saved.skipped) await drafts.add(finished);
      return await savedAnswer(c, saved, () => drafts.isBy(finished));
    },
  });
}

function keyOf({ name, id }: LoggedRun): string {
  return `${name}@${id}`; // no name contains @
}

/** Yields what follows a run. */
async function* runsAfter(
  all: AsyncIterable<LoggedRun>,
  { after, limit = Infinity }: PageQuery,
): AsyncGenerator<LoggedRun> {
  let isAfter = after === undefined, count = 0;
  for await (const run of all) {
    if (isAfter && count++ >= limit) return;
    if (isAfter) yield run;
    isAfter ||= keyOf(run) === after;
  }
}
