// Schemas for gateways, beside those of valibot: kinds of values, builders of those that the OpenAPI document names,
// and the check that routes make.
export { CommitDraftSchema as CommitDraft } from "./draft.ts";
export { valibotToJsonSchema as toJsonSchema } from "./json_schema.ts";
export {
  atMost,
  check,
  count,
  described,
  faultOf,
  flag,
  MOST_TEXT,
  numberedFields,
  object,
  page,
  pageFields,
  strictObject,
  text,
} from "./listing.ts";
export {
  Amount,
  AuthorSchema as Author,
  Base64,
  DiscardedSchema as Discarded,
  JsonObject,
  Moment,
  Path,
  Sha256,
  Text,
} from "./request_values.ts";
