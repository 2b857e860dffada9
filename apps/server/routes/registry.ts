// `GET /registry`
import manifest from "../../../deno.json" with { type: "json" };
import type { ServerContext } from "../context.ts";
import { route } from "../describe.ts";
import type { Routes } from "../routing.ts";
import { RegistrySchema } from "../schemas/reading.ts";

export function registryRoutes(
  routes: Routes,
  { registry, limits, features }: ServerContext,
): void {
  const { versioned, mutable, graceMs, leastGraceMs } = registry.settings;
  const service = { name: "holdfast", version: manifest.version };
  const said = {
    id: registry.id,
    settings: { versioned, mutable, graceMs, leastGraceMs },
    service,
  };
  route(routes, "GET /registry", {
    id: "getRegistry",
    tag: "registry",
    summary: "Says what the registry is, and what this service does with it",
    scope: "read",
    answers: { 200: { description: "The registry", schema: RegistrySchema } },
    answer: ({ c }) =>
      c.json({ ...said, limits, features: [...features] }, 200, { "cache-control": "no-cache" }),
  });
}
