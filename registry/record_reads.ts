// The border of records for mirrors, verification and pruning: reads of stores that are open here, beside their contract.
export { createArtifact } from "./cache/read.ts";
export { FileList, GoneList, readAllFiles } from "./cell/file_list.ts";
export { graceAt, readGraces } from "./cell/graces.ts";
export {
  asGeneration,
  headOf,
  misplaced,
  readHead,
  readRecord,
  recordOfKind,
  versionHeads,
} from "./cell/heads.ts";
export type { Head, Located, VersionHead } from "./cell/heads.ts";
export { allParts, objectsOf, ownPlace, placeOf, sharedObjects } from "./cell/objects.ts";
export { cutOff, endOf, runsOf, saveAgain } from "./cell/part_runs.ts";
export { inUtc, sinceOf, UNKNOWN } from "./cell/since.ts";
export { isVoid } from "./cell/voids.ts";
export {
  afterFolder,
  AUXILIARY,
  cellOf,
  earlyReleasedMark,
  keysFolder,
  LINEAGE,
  mirrorKey,
  mirrorTableFolder,
  nameFolder,
  NAMES,
  namesPrefix,
  OBJECTS,
  objectsFolder,
  parseCellKey,
  parseGeneration,
  parseLineageKey,
  parsePayloadKey,
  parsePlace,
  parseReadingsKey,
  parseReleasedMark,
  PRUNE_TABLE,
  READINGS,
  readingsKey,
  recordKey,
  SETTINGS,
  versionCell,
} from "./format/layout.ts";
export type { CellKey } from "./format/layout.ts";
export { corruptRecord, TOMBSTONE_BYTES } from "./format/record_codec.ts";
export { readStoreTime } from "./maintenance/collection.ts";
export { findingLostObjects } from "./maintenance/damage/lost_objects.ts";
export { asPartial, listReadable } from "./maintenance/damage/readable.ts";
export { readSettingsRecord } from "./maintenance/change_settings.ts";
export { decodeNote, encodeNote, RACY_MS } from "./maintenance/noted.ts";
export { LOOK_AGAIN_MS, lookAgainAt } from "./maintenance/outlook.ts";
export { asListed, nameWithVersion } from "./maintenance/pass/as_listed.ts";
export { type NameTable, readNameTable } from "./maintenance/pass/name_table.ts";
export { PackedMap } from "./maintenance/pass/packed_map.ts";
export { passNames } from "./maintenance/pass/pass_names.ts";
export type { ListedName } from "./maintenance/pass/pass_names.ts";
export { createRuleReader } from "./maintenance/rules.ts";
export { aliasHistory } from "./operations/aliases.ts";
export { annotationsOfName } from "./operations/annotations.ts";
export { type Context, contextOf, knownContext } from "./operations/context.ts";
export { listHolds, noneKnown } from "./operations/holds.ts";
export { lineageKeys, readInput } from "./operations/lineage/inputs.ts";
export type { NamedInput } from "./operations/lineage/inputs.ts";
export { checkHas, checkKnown } from "./operations/listing.ts";
export { artifactInfo, orGone, payloadSource } from "./operations/load.ts";
export { checkKnownRule } from "./operations/protection.ts";
export { locate, readVersion } from "./operations/resolve.ts";
export type { FileBytes } from "./payload/file_bytes.ts";
export { StoreReader } from "./payload/store_reader.ts";
export type { PayloadSource } from "./payload/store_reader.ts";
export { StoredContent } from "./payload/stored_content.ts";
export type { StoredReader } from "./payload/stored_content.ts";
