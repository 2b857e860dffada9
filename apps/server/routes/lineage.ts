// `GET /lineage`
import { type Lineage, lineageOf, parseRef } from "../../../mod.ts";
import type { Access } from "../access/access.ts";
import type { ServerContext } from "../context.ts";
import { describe, query } from "../describe.ts";
import { createRoutes, type Routes } from "../routing.ts";
import { LineageQuery, LineageSchema } from "../schemas/reading.ts";

export function lineageRoutes({ registry }: ServerContext): Routes {
  return createRoutes().get(
    "/lineage",
    describe({
      id: "getLineage",
      tag: "lineage",
      summary: "Tells what a version was made from, and what was made from it",
      scope: "read",
      answers: { 200: { description: "The lineage", schema: LineageSchema } },
    }),
    query(LineageQuery),
    async (c) => {
      const { ref, ...options } = c.req.valid("query");
      const { access } = c.env;
      access.check("read", parseRef(ref).name);
      const lineage = await lineageOf(registry, ref, options);
      return c.json(readablePart(lineage, access), 200, { "cache-control": "no-cache" });
    },
  ) as unknown as Routes;
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
