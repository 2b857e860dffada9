// Schemas of requests and answers that gateways use too, with their types.
import * as v from "npm:valibot@^1.5";
import { isJsonObject } from "../../../core/text/json_text.ts";
import { MOST_TEXT, object, type Schema, text } from "./listing.ts";

/** A SHA-256, hexadecimal. */
export const Sha256: Schema<string> = v.pipe(
  text(64),
  v.regex(/^[0-9a-f]{64}$/, "expected a SHA-256, lowercase hexadecimal"),
);

/** An object of JSON with more members is refused whatever they are: 64 KiB of text have fewer. */
const MOST_MEMBERS = 65_536;

/** An object of JSON with any members: a record would take lists, and drop a `constructor`. */
export const JsonObject: Schema<Record<string, unknown>> = v.pipe(
  v.custom<Record<string, unknown>>(isJsonObject, "not an object"),
  v.check(
    (value) => Object.keys(value).length <= MOST_MEMBERS,
    `it has more than ${MOST_MEMBERS} members`,
  ),
  v.metadata({
    as: { type: "object", additionalProperties: {}, maxProperties: MOST_MEMBERS },
  }),
);

/** A string that is not empty, such as a name. */
export const Text: Schema<string> = text(MOST_TEXT, 1);

/** The path of a file of a version: saves refuse longer ones. */
export const Path: Schema<string> = text(4096, 1);

/** An ISO 8601 date. */
export const Moment: Schema<string> = v.pipe(text(100), v.isoTimestamp());

/** A size or count. */
export const Amount: Schema<number> = v.pipe(
  v.number(),
  v.integer(),
  v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER),
);

/** @internal */
interface Author {
  name: string;
  token?: string | undefined;
  claims?: { [claim: string]: string } | undefined;
}

/** The author of a change, with the token. */
export const AuthorSchema: Schema<Author> = v.pipe(
  v.object({
    name: v.string(),
    token: v.optional(
      v.pipe(v.string(), v.description("Id of the token or sign-in that a service accepted")),
    ),
    claims: v.optional(
      v.pipe(
        v.record(v.string(), v.string()),
        v.description("Commit and job of a CI token, such as sha and run_id"),
      ),
    ),
  }),
  v.description("The author, if known. Without a token, only a claim"),
);

/** Bytes in base64. A string is never longer in V8; `maxBodyBytes` is much smaller. */
export const Base64: Schema<string> = v.pipe(
  text(2 ** 29 - 24),
  v.regex(/^[A-Za-z0-9+/]*={0,2}$/, "expected base64"),
);

/** A body that is passed on as it comes. */
export const FILE = {
  schema: {
    type: "string",
    format: "binary",
    description: "At most `maxUploadBytes`",
  },
};

/** The answer of a route that discards a draft or a run. */
export const DiscardedSchema: Schema<{ discarded: boolean }> = object("Discarded", {
  discarded: v.boolean(),
});
