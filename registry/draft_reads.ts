// The border of drafts for runs: reads of the store that is open here, beside their contract.
export { fileInfo } from "./cache/read.ts";
export { draftPlace, DRAFTS, encodePlace, NAMES } from "./format/layout.ts";
export { namesPrefix, payloadKey } from "./format/layout.ts";
export { readAnnotations } from "./operations/annotations.ts";
export { type Context, contextOf, knownContext } from "./operations/context.ts";
export {
  DraftCall,
  ended,
  listed,
  lookAtDraft,
  readDecided,
  readPart,
  readParts,
  stateOf,
} from "./operations/drafts/draft_state.ts";
export type { DecidedParts, DraftLook, DraftState } from "./operations/drafts/draft_state.ts";
export type { FoundPart } from "./operations/drafts/draft_state.ts";
export { DISCARDED_BYTES } from "./operations/drafts/note.ts";
export { isSpent } from "./operations/target/keyed.ts";
export { StoreReader } from "./payload/store_reader.ts";
