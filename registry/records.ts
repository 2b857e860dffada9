// The border of the registry for programs that look at all records, or that write them: maintenance, mirrors,
// verification, runs and transfers.
export { whileForgetting } from "./cache/cached_records.ts";
export { createArtifact, fileInfo } from "./cache/read.ts";
export { generationAbove, writeCell } from "./cell/cell.ts";
export type { KnownHead } from "./cell/cell.ts";
export { FileList, GoneList, readObjects } from "./cell/file_list.ts";
export { bindingGraceMs, graceAt, readGraces } from "./cell/graces.ts";
export {
  asGeneration,
  headOf,
  misplaced,
  readHead,
  readRecord,
  recordOfKind,
  versionHeads,
} from "./cell/heads.ts";
export type { FoundRecord, Generation, Head, Located, VersionHead } from "./cell/heads.ts";
export { joinRanges, rangesOf, usedBytes } from "./cell/object_ranges.ts";
export type { ObjectRange } from "./cell/object_ranges.ts";
export { allParts, objectsOf, ownPlace, placeOf, sharedObjects } from "./cell/objects.ts";
export type { PayloadObject } from "./cell/objects.ts";
export { startOperation } from "./cell/operation.ts";
export { cutOff, endOf, runsOf, saveAgain } from "./cell/part_runs.ts";
export { settle, settleVersion } from "./cell/settle.ts";
export { inUtc, sinceOf, UNKNOWN } from "./cell/since.ts";
export { isVoid, mayBecomeVoid } from "./cell/voids.ts";
export { materializerFor } from "./contract/make_value.ts";
export { LAYOUT } from "./layout.ts";
export type { CellKey } from "./format/layout.ts";
export { corruptRecord, encodeRecord, FORMAT, TOMBSTONE_BYTES } from "./format/record_codec.ts";
export { aliasHistory, setAlias } from "./operations/aliases.ts";
export { annotateHere } from "./operations/annotate.ts";
export { annotationsOfName, readAnnotations } from "./operations/annotations.ts";
export { checkWritable, contextOf, knownContext } from "./operations/context.ts";
export type { Context } from "./operations/context.ts";
export { deleteListed } from "./operations/delete.ts";
export { addPart } from "./operations/drafts/add_part.ts";
export {
  checkFresh,
  closeDraft,
  DraftCall,
  draftMemoryMs,
  ended,
  listed,
  lookAtDraft,
  readDecided,
  readPart,
  readParts,
  stateOf,
} from "./operations/drafts/draft_state.ts";
export type {
  DecidedParts,
  DraftLook,
  DraftState,
  FoundPart,
} from "./operations/drafts/draft_state.ts";
export { DISCARDED_BYTES } from "./operations/drafts/note.ts";
export type { DraftEntry } from "./operations/drafts/note.ts";
export { listHolds, noneKnown } from "./operations/holds.ts";
export { lineageKeys, readInput } from "./operations/lineage/inputs.ts";
export type { NamedInput } from "./operations/lineage/inputs.ts";
export { checkHas, checkKnown } from "./operations/listing.ts";
export { artifactInfo, orGone, payloadSource } from "./operations/load.ts";
export { checkKnownRule, noConditions } from "./operations/protection.ts";
export { locate, readVersion } from "./operations/resolve.ts";
export { saveFiles } from "./operations/save.ts";
export type { Attempt, FilesOfArtifact, ListedPayload } from "./operations/saving/attempt.ts";
export { checkSave, copiedFields } from "./operations/saving/check_options.ts";
export {
  checkGraceChange,
  createRuleReader,
  readRules,
  readSettingsRecord,
  rulesIn,
  writeSettings,
} from "./operations/stored_settings.ts";
export { isSpent } from "./operations/target/keyed.ts";
export { keptMembers } from "./operations/undelete/kept_members.ts";
export { asListed, nameWithVersion } from "./pass/as_listed.ts";
export type { ListedFolder } from "./pass/as_listed.ts";
export { findingLostObjects } from "./pass/lost_objects.ts";
export { readNameTable } from "./pass/name_table.ts";
export type { NameTable } from "./pass/name_table.ts";
export { decodeNote, encodeNote, RACY_MS } from "./pass/noted.ts";
export { PackedMap } from "./pass/packed_map.ts";
export { listInOrder, passNames } from "./pass/pass_names.ts";
export type { ListedName, PassOptions } from "./pass/pass_names.ts";
export { asPartial, listReadable } from "./pass/readable.ts";
export { createBase } from "./payload/base.ts";
export type { Base } from "./payload/base.ts";
export type { FileBytes } from "./payload/file_bytes.ts";
export { StoreReader } from "./payload/store_reader.ts";
export type { PayloadSource } from "./payload/store_reader.ts";
export { StoredContent } from "./payload/stored_content.ts";
export type { StoredReader } from "./payload/stored_content.ts";
export { Payload } from "./payload/write.ts";
export { storePages } from "./payload/writing/store_pages.ts";
export { storePayload } from "./payload/writing/store_payload.ts";
