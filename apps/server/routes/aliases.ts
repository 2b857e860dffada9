// `GET /artifacts/{name}/aliases`, of one alias, and its history
import { type AliasChange, checkAlias, type Registry, type RegistryError } from "../../../mod.ts";
import { fault } from "../../../core/errors.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import { answerConditions } from "../files/answer_file.ts";
import { answerListing, listing } from "../listing.ts";
import type { Routes } from "../routing.ts";
import { AliasesPage, AliasSchema, HistoryPage, PageQuery } from "../schemas/reading.ts";

export const ALIAS_HEADERS = { "etag": "The version that it names, as a strong tag" };

export function aliasesRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /artifacts/:name/aliases", {
    id: "listAliases",
    tag: "aliases",
    summary: "Lists the aliases of a name and the versions that they name",
    scope: "read",
    answers: listing(AliasesPage, "A page of aliases, or all of them as lines"),
    query: PageQuery,
    answer: ({ c, params: { name }, query }) =>
      answerListing(c, query, {
        list: (page) => listAliases(registry, name, page),
        keyOf: ({ alias }) => alias,
      }),
  });
  route(routes, "GET /artifacts/:name/aliases/:alias", {
    id: "getAlias",
    tag: "aliases",
    summary: "Says which version an alias names",
    scope: "read",
    answers: {
      200: { description: "The alias", schema: AliasSchema, headers: ALIAS_HEADERS },
      304: { description: "The client knows it already" },
    },
    requestHeaders: {
      "if-match": "Versions as ETags; the alias must name one of them",
      "if-none-match": "Versions as ETags that the client knows",
    },
    answer: async ({ c, params: { name, alias } }) => {
      checkAlias(alias);
      const aliases = await registry.aliases(name);
      if (!Object.hasOwn(aliases, alias)) throw noAlias(name, alias);
      const version = aliases[alias];
      const known = { "etag": `"${version}"`, "cache-control": "no-cache" };
      const failed = `Cannot read alias ${
        JSON.stringify(`${name}@${alias}`)
      }: it names ${version} now`;
      return answerConditions(c.req.raw.headers, { etag: known.etag }, { known, failed }) ??
        c.json({ alias, version }, 200, known);
    },
  });
  route(routes, "GET /artifacts/:name/aliases/:alias/history", {
    id: "listAliasHistory",
    tag: "aliases",
    summary: "Tells what an alias named, the newest first, and when it was removed",
    scope: "read",
    answers: listing(
      HistoryPage,
      "A page of changes, or all of them as lines. `after` is the generation of one",
    ),
    query: PageQuery,
    answer: ({ c, params: { name, alias }, query }) => {
      return answerListing(c, query, {
        list: ({ after, limit }) =>
          after === undefined
            ? registry.history(name, alias, { limit })
            : changesBefore(registry.history(name, alias), { after, limit }),
        keyOf: ({ generation }) => String(generation),
      });
    },
  });
}

async function* listAliases(
  registry: Registry,
  name: string,
  { after, limit = Infinity }: { after?: string; limit?: number },
): AsyncGenerator<{ alias: string; version: string }> {
  const aliases = Object.entries(await registry.aliases(name)).sort(([a], [b]) => a < b ? -1 : 1);
  const rest = aliases.filter(([alias]) => after === undefined || alias > after);
  for (const [alias, version] of rest.slice(0, limit)) yield { alias, version };
}

async function* changesBefore(
  changes: AsyncIterable<AliasChange>,
  { after, limit = Infinity }: { after: string; limit?: number },
): AsyncGenerator<AliasChange> {
  const last = Number(after);
  if (!Number.isSafeInteger(last)) {
    throw fault({
      code: "Invalid",
      action: "go on after",
      subject: JSON.stringify(after.slice(0, 40)),
      state: "it is no generation",
      hint: "Give the `next` of the page before.",
    });
  }
  let count = 0;
  for await (const change of changes) {
    if (change.generation >= last) continue;
    if (count++ === limit) return;
    yield change;
  }
}

function noAlias(name: string, alias: string): RegistryError {
  return fault({
    code: "NotFound",
    action: "find",
    subject: JSON.stringify(`${name}@${alias}`),
    state: "there is no such alias",
    hint: `GET /artifacts/${encodeURIComponent(name)}/aliases lists those that there are.`,
  });
}
