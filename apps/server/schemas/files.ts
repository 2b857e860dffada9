// What a file is asked for with.
import * as v from "npm:valibot@^1.5";
import { CommitQuery } from "./artifact.ts";

export const FileQuery = v.object({
  ...CommitQuery.entries,
  disposition: v.optional(v.pipe(
    v.picklist(["inline", "attachment"], "inline or attachment is expected"),
    v.description("Whether a browser shows it or saves it. What is shown runs nothing"),
  )),
});
