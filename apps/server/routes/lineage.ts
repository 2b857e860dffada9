// `GET /lineage`
import { type Lineage, lineageOf, parseRef } from "../../../mod.ts";
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import type { Routes } from "../routing.ts";
import { LineageQuery, LineageSchema } from "../schemas/reading.ts";

export function lineageRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /lineage", {
    id: "getLineage",
    tag: "lineage",
    summary: "Tells what a version was made from, and what was made from it",
    scope: "read",
    answers: { 200: { description: "The lineage", schema: LineageSchema } },
    query: LineageQuery,
    answer: async ({ c, query, access }) => {
      const { ref, ...options } = query;
      access.check("read", parseRef(ref).name);
      const lineage = await lineageOf(registry, ref, options);
      return c.json(readablePart(lineage, access), 200, { "cache-control": "no-cache" });
    },
  });
}

/** Without what may not be read, as if nobody knew of it. */
function readablePart(
  { root, nodes, edges, unsure, unreadable, scanned, cut }: Lineage,
  access: Access,
): Lineage {
  const may = (ref: string) => access.may("read", ref.split("@", 1)[0]);
  return {
    root,
    nodes: nodes.filter(({ ref }) => may(ref)),
    edges: edges.filter(({ from, to }) => may(from) && may(to)),
    unsure: unsure.filter(may),
    unreadable: unreadable.filter(may),
    scanned,
    cut,
  };
}
