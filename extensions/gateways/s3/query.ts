// The query of a request. S3 has one for all requests about a bucket or an object: a member without a
// value names an operation, and signatures add members that begin with `x-`.
import * as v from "npm:valibot@^1.5";
import { schema } from "../../../apps/server/extending.ts";

const Value = v.optional(schema.text(schema.MOST_TEXT));

export const S3Query = v.objectWithRest(
  {
    prefix: Value,
    delimiter: Value,
    "max-keys": v.optional(schema.text(100)),
    marker: Value,
    "list-type": v.optional(schema.text(100)),
    "continuation-token": Value,
    "start-after": Value,
    "fetch-owner": v.optional(schema.text(100)),
    "encoding-type": v.optional(schema.text(100)),
    versions: Value,
    "key-marker": Value,
    "version-id-marker": Value,
    versionId: v.optional(schema.text(1024)),
    partNumber: v.optional(schema.text(100)),
  },
  v.union([
    schema.text(schema.MOST_TEXT),
    schema.atMost(schema.MOST_TEXT, schema.text(schema.MOST_TEXT)),
  ]),
);

export type Asked = v.InferOutput<typeof S3Query>;

/** Returns the value of a member; undefined without it, and for a list. */
export function valueOf(query: Asked, name: string): string | undefined {
  const value = Object.hasOwn(query, name) ? query[name as keyof Asked] : undefined;
  return typeof value === "string" ? value : undefined;
}
