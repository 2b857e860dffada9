// The part of a file that a call asks for.
import * as v from "npm:valibot@^1.5";
import type { Artifact } from "../../../mod.ts";
import type { CallMemory } from "./call_memory.ts";
import { count } from "./tool.ts";

const VIEWS = ["auto", "text", "json", "rows", "image", "bytes"] as const;

/** The requested part of a file. */
export const PART = v.strictObject({
  as: v.optional(v.pipe(v.picklist(VIEWS), v.description("auto: by the kind of file")), "auto"),
  offset: count(0, "First byte, or row of a table; negative: from the end", -(2 ** 53)),
  line: count(undefined, "First line of a text, from 1; instead of offset"),
  limit: count(200, "Lines or rows. Default 200", 1, 5000),
});

export type Part = v.InferOutput<typeof PART>;
export type File = ReturnType<Artifact["file"]>;

export type Shown = Record<string, unknown>;

/** How a call reads a file. */
export interface Reading {
  signal: AbortSignal;
  memory: CallMemory;
}
