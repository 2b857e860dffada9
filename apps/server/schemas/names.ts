// Names, as they are listed.
import * as v from "npm:valibot@^1.5";
import { page, pageFields } from "./listing.ts";

export const NamesQuery = v.object({
  prefix: v.optional(v.pipe(v.string(), v.description("Only names that begin with this"))),
  ...pageFields,
});

export const NamesPage = page(v.string(), "NamesPage");
