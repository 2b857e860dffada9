// What those who watch over the service are told.
import * as v from "npm:valibot@^1.5";
import { object } from "./named.ts";

export const HealthSchema = object("Health", { status: v.literal("ok") });

export const ReadinessSchema = object("Readiness", {
  ready: v.boolean(),
  reason: v.optional(
    v.picklist([
      "the store does not answer in time",
      "the store refuses",
      "the registry is gone",
      "the service stops",
    ]),
  ),
});
