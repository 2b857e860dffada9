/**
 * Many writes in one request.
 *
 * @module
 */
import * as v from "npm:valibot@^1.5";
import { ProblemSchema } from "./problem.ts";
import { AliasRequestSchema, CopyRequestSchema, SaveRequestSchema } from "./saving.ts";

/** So many operations at most. */
export const MOST_OPERATIONS = 1000;

const name = v.string();
const version = v.optional(v.string());

/** One operation. */
export const OperationSchema = v.pipe(
  v.variant("op", [
    v.strictObject({ op: v.literal("save"), name, ...SaveRequestSchema.entries }),
    v.strictObject({ op: v.literal("copy"), name, version, ...CopyRequestSchema.entries }),
    v.strictObject({
      op: v.literal("delete"),
      name,
      version: v.string(),
      force: v.optional(v.boolean()),
      ifCommit: v.optional(v.string()),
    }),
    v.strictObject({ op: v.literal("setAlias"), name, alias: v.string(), ...AliasRequestSchema.entries }),
    v.strictObject({ op: v.literal("deleteAlias"), name, alias: v.string(), expected: version }),
    v.strictObject({ op: v.literal("info"), name, version }),
  ]),
  v.metadata({ ref: "Operation" }),
);

/** One operation. */
export type Operation = v.InferOutput<typeof OperationSchema>;

/** Many operations. */
export const BatchSchema = v.pipe(
  v.strictObject({ operations: v.pipe(v.array(OperationSchema), v.maxLength(MOST_OPERATIONS)) }),
  v.metadata({ ref: "Batch" }),
);

/** What became of each. */
export const BatchResultSchema = v.pipe(
  v.object({
    results: v.array(v.union([
      v.object({ ok: v.literal(true), value: v.unknown() }),
      v.object({ ok: v.literal(false), problem: ProblemSchema }),
    ])),
  }),
  v.metadata({ ref: "BatchResult" }),
);
