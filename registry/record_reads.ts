// The border of records for mirrors: reads of stores that are open here, beside their contract.
export { asGeneration, headOf, readHead, readRecord, recordOfKind } from "./cell/heads.ts";
export type { Head, Located } from "./cell/heads.ts";
export { ownPlace, placeOf } from "./cell/objects.ts";
export { inUtc, sinceOf, UNKNOWN } from "./cell/since.ts";
export { isVoid } from "./cell/voids.ts";
export {
  afterFolder,
  cellOf,
  keysFolder,
  mirrorKey,
  mirrorTableFolder,
  nameFolder,
  NAMES,
  namesPrefix,
  parseCellKey,
  parsePlace,
  recordKey,
  versionCell,
} from "./format/layout.ts";
export { findingLostObjects } from "./maintenance/damage/lost_objects.ts";
export { decodeNote, encodeNote, RACY_MS } from "./maintenance/noted.ts";
export { readNameTable } from "./maintenance/pass/name_table.ts";
export { passNames } from "./maintenance/pass/pass_names.ts";
export type { ListedName } from "./maintenance/pass/pass_names.ts";
export { createRuleReader, missingRules } from "./maintenance/rules.ts";
export { knownContext } from "./operations/context.ts";
export type { Context } from "./operations/context.ts";
export { listHolds } from "./operations/holds.ts";
export { readInput } from "./operations/lineage/inputs.ts";
export type { NamedInput } from "./operations/lineage/inputs.ts";
export { checkHas, checkKnown } from "./operations/listing.ts";
export { payloadSource } from "./operations/load.ts";
export { checkKnownRule } from "./operations/protection.ts";
export { readCell, tryLocate } from "./operations/resolve.ts";
export type { FileBytes } from "./payload/file_bytes.ts";
export { StoreReader } from "./payload/store_reader.ts";
export type { PayloadSource } from "./payload/store_reader.ts";
export { StoredContent } from "./payload/stored_content.ts";
export type { StoredReader } from "./payload/stored_content.ts";
