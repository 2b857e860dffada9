// The space of the registry and of versions, and what pruning would delete. Nothing is written.
import { prune, spaceOf, spaceOfVersions } from "../../../registry/maintenance.ts";
import { route } from "../describe.ts";
import type { Routes, ServerContext } from "../routing.ts";
import * as schemas from "../schemas/explorer.ts";

const FRESH = { "cache-control": "no-store" };

export function spaceRoutes(routes: Routes, { registry, closing: signal }: ServerContext): void {
  route(routes, "GET /space", {
    id: "getSpace",
    tag: "space",
    summary: "Measures the registry: names, shared bytes, and what gc frees",
    description: "Reads every record.",
    scope: "admin",
    answers: { 200: { description: "The space", schema: schemas.SpaceSchema } },
    answer: async ({ c }) => c.json(await spaceOf(registry, { signal }), 200, FRESH),
  });
  route(routes, "GET /space/prune", {
    id: "planPrune",
    tag: "space",
    summary: "Returns the versions that pruning by these rules would delete, and what it frees",
    description: "A version is deleted if no rule keeps it. Deletes nothing.",
    scope: "admin",
    answers: { 200: { description: "The plan", schema: schemas.PrunePlanSchema } },
    query: schemas.PruneQuery,
    answer: async ({ c, query }) => {
      const { deleted, kept, failures } = await prune(registry, { ...query, dryRun: true, signal });
      const byName = Map.groupBy(deleted, ({ name }) => name);
      let freedBytes = 0;
      for (const [name, versions] of byName) {
        const deleting = versions.map(({ version }) => version);
        freedBytes += (await spaceOfVersions(registry, name, { deleting, signal })).freedBytes;
      }
      return c.json({ deleted, kept, freedBytes, failures }, 200, FRESH);
    },
  });
  route(routes, "GET /artifacts/:name/space", {
    id: "getVersionSpace",
    tag: "space",
    summary: "Measures the versions of a name, and what deleting one would free",
    scope: "read",
    answers: { 200: { description: "The space", schema: schemas.VersionSpacesSchema } },
    query: schemas.VersionSpaceQuery,
    answer: async ({ c, params: { name }, query: { deleting } }) => {
      const options = { deleting: deleting === undefined ? [] : [deleting], signal };
      return c.json(await spaceOfVersions(registry, name, options), 200, FRESH);
    },
  });
}
