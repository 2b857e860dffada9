// Many writes in one request.
import * as v from "npm:valibot@^1.5";
import { object, strictObject } from "./named.ts";
import { Text } from "./artifact.ts";
import { ProblemSchema } from "./problem.ts";
import { AliasRequestSchema, CopyRequestSchema, SaveRequestSchema } from "./saving.ts";

export const MOST_OPERATIONS = 1000;

const name = Text;
const version = v.optional(Text);

export const OperationSchema = v.pipe(
  v.variant("op", [
    v.strictObject({ op: v.literal("save"), name, ...SaveRequestSchema.entries }),
    v.strictObject({ op: v.literal("copy"), name, version, ...CopyRequestSchema.entries }),
    v.strictObject({
      op: v.literal("delete"),
      name,
      version: Text,
      force: v.optional(v.boolean()),
      ifCommit: v.optional(Text),
    }),
    v.strictObject({ op: v.literal("setAlias"), name, alias: Text, ...AliasRequestSchema.entries }),
    v.strictObject({ op: v.literal("deleteAlias"), name, alias: Text, expected: version }),
    v.strictObject({ op: v.literal("info"), name, version }),
  ]),
  v.metadata({ ref: "Operation" }),
);

export type Operation = v.InferOutput<typeof OperationSchema>;

export const BatchSchema = strictObject("Batch", {
  operations: v.pipe(v.array(OperationSchema), v.maxLength(MOST_OPERATIONS)),
});

export const BatchResultSchema = object("BatchResult", {
  results: v.array(v.union([
    v.object({ ok: v.literal(true), value: v.unknown() }),
    v.object({ ok: v.literal(false), problem: ProblemSchema }),
  ])),
});
