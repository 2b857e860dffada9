// The border of records for mirrors and verification: writes to the store that is open here, beside its contract.
export { whileForgetting } from "./cache/cached_records.ts";
export { generationAbove, writeCell } from "./cell/cell.ts";
export type { KnownHead } from "./cell/cell.ts";
export { startOperation } from "./cell/operation.ts";
export { settle, settleVersion } from "./cell/settle.ts";
export { encodeRecord } from "./format/record_codec.ts";
export { checkGraceChange, writeSettings } from "./maintenance/change_settings.ts";
export { setAlias } from "./operations/aliases.ts";
export { checkWritable } from "./operations/context.ts";
export { saveFiles } from "./operations/save.ts";
export { copiedFields } from "./operations/saving/check_options.ts";
export type { Attempt, FilesOfArtifact, ListedPayload } from "./operations/saving/attempt.ts";
export { keptMembers } from "./operations/undelete/kept_members.ts";
export { createBase } from "./payload/base.ts";
export type { Base } from "./payload/base.ts";
export { Payload } from "./payload/write.ts";
export { storePages } from "./payload/writing/store_pages.ts";
export { storePayload } from "./payload/writing/store_payload.ts";
