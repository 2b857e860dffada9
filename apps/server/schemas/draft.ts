// The body of a request that commits a draft or a run.
import * as v from "npm:valibot@^1.5";
import { MOST_SENT_FILES } from "../../../core/calls/file_limit.ts";
import { atMost, type Described, type OnlyMembers, type Schema, strictObject } from "./listing.ts";
import { howToSave, MaterializerSchema } from "./saving.ts";
import type { GivenInput, SentOptions } from "./sent_save.ts";
import { Text } from "./request_values.ts";

/** @internal */
type PassedOptions = Required<Omit<SentOptions, "compress" | "idempotencyKey">>;

/** @internal */
type CommitDraft = OnlyMembers<
  & { readonly [Name in keyof PassedOptions]: Schema<SentOptions[Name]> }
  & {
    readonly alias: Described<Schema<string | string[]>>;
    readonly metadata: Described<Schema<Record<string, unknown>>>;
    readonly inputs: Described<Schema<GivenInput[]>>;
    readonly parts: Described<Schema<string[]>>;
    readonly materializer: Described<Schema<{ id: string; formatVersion: number }>>;
  }
>;

/** The body of a request that commits a draft or a run. */
export const CommitDraftSchema: CommitDraft = strictObject("CommitDraftRequest", {
  ...howToSave,
  parts: v.optional(atMost(MOST_SENT_FILES, Text)),
  materializer: v.optional(MaterializerSchema),
});
