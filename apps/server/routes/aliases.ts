// The aliases of a name and their history.
import type { AliasEntry } from "../../../registry/mod.ts";
import type { Registry } from "../../../mod.ts";
import { checkAlias } from "../../../core/naming/refs.ts";
import { isVersion, parseVersion } from "../../../core/naming/versions.ts";
import { notFound, orMissing } from "../../../core/errors.ts";
import type { RouteContext, Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { METHODS } from "../../../core/options/methods.ts";
import { route } from "../describe.ts";
import { answerConditions } from "../files/answer_file.ts";
import { answerListing } from "../listing.ts";
import { operationRoute } from "../operation_route.ts";
import { ofCondition, readCondition, WRITE_CONDITIONS } from "../saving/save_sent.ts";
import { AliasSchema } from "../schemas/reading.ts";

const ALIAS_HEADERS = { "etag": "The version of the alias, as a strong tag" };

export function aliasesRoutes(routes: Routes, { registry }: ServerContext): void {
  operationRoute(routes, METHODS.aliases, registry.aliases.bind(registry), {
    answer: ({ c, args: [name], page }) =>
      answerListing(c, page, {
        list: (page) => listAliases(registry, name!, page),
        keyOf: ({ alias }) => alias,
      }),
  });
  route(routes, "GET /artifacts/:name/aliases/:alias", {
    id: "getAlias",
    tag: "aliases",
    summary: "Returns the version of an alias",
    scope: "read",
    answers: {
      200: { description: "The alias", schema: AliasSchema, headers: ALIAS_HEADERS },
      304: { description: "Not modified" },
    },
    requestHeaders: {
      "if-match": "Versions as ETags, one of which must be that of the alias",
      "if-none-match": "Versions as ETags that the client has",
    },
    answer: async ({ c, params: { name, alias } }) => {
      checkAlias(alias);
      const version = await versionOf(registry, { name, alias });
      const ref = JSON.stringify(`${name}@${alias}`);
      if (version === undefined) {
        throw notFound("find", ref, "no such alias", {
          hint: `List the aliases with registry.aliases(${JSON.stringify(name)}).`,
          reason: { kind: "alias_unknown", name },
        });
      }
      const known = { "etag": `"${version}"`, "cache-control": "no-cache" };
      const failed = `Cannot read alias ${ref}: its version is ${version}`;
      return answerConditions(c.request.headers, { etag: known.etag }, { known, failed }) ??
        c.json({ alias, version }, 200, known);
    },
  });
}

export function aliasChangesRoutes(routes: Routes, { registry }: ServerContext): void {
  operationRoute(routes, METHODS.setAlias, registry.setAlias.bind(registry), {
    requestHeaders: WRITE_CONDITIONS,
    answers: { 200: { description: "The alias", schema: AliasSchema, headers: ALIAS_HEADERS } },
    answer: async ({ c, args: [name, alias, asked], options, access }) => {
      const current = await aliasCondition(registry, { name, alias }, c);
      const { expected = current, signal } = options;
      const changing = { ...options, expected };
      const version = isVersion(asked) // found before: afterwards, a failure would hide the change
        ? parseVersion(asked).canonical
        : (await registry.info(name, { version: asked, signal })).version;
      c.info.version = version;
      await ofCondition(
        current,
        () => registry.setAlias(name, alias, version, changing),
        access.may("read", name) ? undefined : NOT_EXPECTED,
      );
      return c.json({ alias, version }, 200, { etag: `"${version}"` });
    },
  });
  operationRoute(routes, METHODS.deleteAlias, registry.deleteAlias.bind(registry), {
    requestHeaders: WRITE_CONDITIONS,
    answer: async ({ c, args: [name, alias], options, access }) => {
      const current = await aliasCondition(registry, { name, alias }, c);
      const { expected = current } = options;
      const change = () => registry.deleteAlias(name, alias, { ...options, expected });
      const state = access.may("read", name) ? undefined : NOT_EXPECTED;
      return c.json({ deleted: await ofCondition(current, change, state) });
    },
  });
}

/** The state of a conflict for tokens that may not know the version of an alias. */
const NOT_EXPECTED = "it does not point to the expected version";

function aliasCondition(
  registry: Registry,
  { name, alias }: { name: string; alias: string },
  { request, info: { access } }: RouteContext,
): Promise<string | null | undefined> {
  const subject = JSON.stringify(`${name}@${alias}`);
  return readCondition(request, {
    subject,
    isShown: access.may("read", name),
    current: () => versionOf(registry, { name, alias }, request.signal),
  });
}

async function versionOf(
  registry: Registry,
  { name, alias }: { name: string; alias: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const newest = Array.fromAsync(registry.history(name, alias, { limit: 1, signal }));
  const changes = await orMissing(newest); // undefined if the registry keeps no history
  if (changes !== undefined) return changes[0]?.version;
  const aliases = await Array.fromAsync(registry.aliases(name, { signal }));
  return aliases.find((entry) => entry.alias === alias)?.version;
}

async function* listAliases(
  registry: Registry,
  name: string,
  { after, limit = Infinity }: { after?: string; limit?: number },
): AsyncGenerator<AliasEntry> {
  const aliases = await Array.fromAsync(registry.aliases(name));
  const rest = aliases.filter(({ alias }) => after === undefined || alias > after);
  yield* rest.sort((a, b) => a.alias < b.alias ? -1 : 1).slice(0, limit);
}
