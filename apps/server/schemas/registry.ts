// What a registry says of itself.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";
import { Amount } from "./artifact.ts";

export const RegistrySchema = object("Registry", {
  id: v.string(),
  settings: v.object({
    versioned: v.boolean(),
    mutable: v.boolean(),
    graceMs: Amount,
    leastGraceMs: v.optional(Amount),
  }),
  service: v.object({ name: v.string(), version: v.string() }),
  limits: v.record(v.string(), v.number()),
  features: v.array(v.string()),
});
