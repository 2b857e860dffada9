// What those who watch over the service are told.
import * as v from "npm:valibot@^1.5";

export const HealthSchema = v.pipe(
  v.object({ status: v.literal("ok") }),
  v.metadata({ ref: "Health" }),
);

export const ReadinessSchema = v.pipe(
  v.object({
    ready: v.boolean(),
    reason: v.optional(
      v.picklist([
        "the store does not answer in time",
        "the store refuses",
        "the registry is gone",
        "the service stops",
      ]),
    ),
  }),
  v.metadata({ ref: "Readiness" }),
);
