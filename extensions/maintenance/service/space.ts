// The space of the registry and of versions. Nothing is written.
import { type GatewayContext, route, type Routes } from "../../../apps/gateways.ts";
import { measureSpace, measureVersions } from "../mod.ts";
import * as schemas from "./space_schemas.ts";

const FRESH = { "cache-control": "no-store" };

export function spaceRoutes(routes: Routes, { registry, closing: signal }: GatewayContext): void {
  route(routes, "GET /space", {
    id: "getSpace",
    tag: "space",
    summary: "Measures the registry: names, shared bytes, and what gc frees",
    description: "Reads the records of names that changed since the last measurement.",
    scope: "admin",
    readsMany: true,
    answers: { 200: { description: "The space", schema: schemas.SpaceSchema } },
    answer: async ({ c }) => c.json(await measureSpace(registry, { signal }), 200, FRESH),
  });
  route(routes, "GET /artifacts/:name/space", {
    id: "getVersionSpace",
    tag: "space",
    summary: "Measures the versions of a name, and what deleting one would free",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The space", schema: schemas.VersionSpacesSchema } },
    query: schemas.VersionSpaceQuery,
    answer: async ({ c, params: { name }, query: { deleting } }) => {
      const options = { deleting: deleting === undefined ? [] : [deleting], signal };
      return c.json(await measureVersions(registry, name, options), 200, FRESH);
    },
  });
}
