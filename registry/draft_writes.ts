// The border of drafts for runs: writes to the store that is open here, beside their contract.
export { startOperation } from "./cell/operation.ts";
export { materializerFor } from "./contract/make_value.ts";
export { annotateHere } from "./operations/annotate.ts";
export { checkWritable } from "./operations/context.ts";
export { addPart } from "./operations/drafts/add_part.ts";
export { checkFresh, closeDraft } from "./operations/drafts/draft_state.ts";
export { checkSave } from "./operations/saving/check_options.ts";
