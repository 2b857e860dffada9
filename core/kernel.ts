// The border of the kernel: the names that an extension may use, beside the entry points of the package.
export { artifactDigest } from "./artifact_digest.ts";
export {
  compareUtf8,
  concatBytes,
  iterableStream,
  plainBytes,
  readAll,
  readAtMost,
  sameBytes,
  sortedByUtf8,
  tapped,
} from "./bytes/bytes.ts";
export { crc32c, createSha256, sha256 } from "./bytes/digest.ts";
export { checkMetadata, METRIC_LIMITS } from "./calls/metadata.ts";
export {
  alreadyExists,
  conflict,
  corrupt,
  denied,
  fault,
  hintFor,
  invalid,
  isRegistryError,
  isUnreadable,
  messageOf,
  notFound,
  orMissing,
  RegistryError,
  retold,
  taskFailed,
  unavailable,
  unsupported,
} from "./errors.ts";
export type { Fault } from "./errors.ts";
export { itemAt, valueAt } from "./faults/present.ts";
export { LimitExceeded } from "./file_store.ts";
export { defineReasons } from "./hints/reasons.ts";
export { createLookup } from "./lookup.ts";
export { checkMaterializer, defineMaterializer } from "./materializer.ts";
export { authorName, authorOf, authorText, jobClaims, presentSender } from "./naming/author.ts";
export { filePathProblem, foldersOf, linkTargetProblem } from "./naming/file_paths.ts";
export {
  checkName,
  checkNewName,
  encodeName,
  extendedValue,
  nameProblem,
  nameSegment,
  shown,
} from "./naming/names.ts";
export { folderOf, joinPath, nameOf, parsePath } from "./naming/paths.ts";
export { PathCheck } from "./naming/path_check.ts";
export { parseRef } from "./naming/refs.ts";
export { isRegistryFolder } from "./naming/registry_folder.ts";
export {
  compareVersions,
  inRange,
  nextVersion,
  parseVersion,
  parseVersionRange,
} from "./naming/versions.ts";
export { checkDurations, checkOptions, checkToolOptions } from "./options/check_options.ts";
export type { OptionNames } from "./options/check_options.ts";
export { fileToSave, readableFile } from "./registry/artifact_file.ts";
export { factsOf, parseCondition } from "./registry/conditions.ts";
export { defineCondition } from "./registry/conditions/promotion.ts";
export type {
  Candidate,
  CandidateChange,
  PromotionCondition,
} from "./registry/conditions/promotion.ts";
export { pickFile } from "./registry/file_facts.ts";
export { backoffMs, retry, withDeadline } from "./retry.ts";
export { shownIssues } from "./standard_schema.ts";
export { deleteVariable, isGranted, realSystem, silentLogger, timerMs } from "./system.ts";
export { sortKeyOf } from "./text/comparing.ts";
export { described } from "./text/described.ts";
export { isJsonObject, parsedJson, parseExactJson, parseJson } from "./text/json_text.ts";
export { quoteNotFinite, sortedJson } from "./text/json_text.ts";
export { linearPattern } from "./text/linear_pattern.ts";
export { didYouMean } from "./text/nearest.ts";
export { plainProblem } from "./text/plain_value.ts";
export { shellWord } from "./text/shell_word.ts";
export { matchesStars } from "./text/star_pattern.ts";
export { thinnedPlaces } from "./thinned_line.ts";
export { loadPart } from "./urls/load_part.ts";
export { mayLead } from "./urls/nearness.ts";
export { isOfThisMachine, isPrivateUrl } from "./urls/private_url.ts";
export { isStoreUrl } from "./urls/store_url.ts";
export { createLimit, forEachAtOnce, mapAtOnce } from "./work/at_once.ts";
export { createBudget } from "./work/budget.ts";
export { firstIndex } from "./text/first_index.ts";
export { inStep } from "./work/in_step.ts";
export { keepNewest } from "./work/keep_newest.ts";
export { createLanes } from "./work/lanes.ts";
export { giveWay, inTurns, slicesInTurns } from "./work/next_turn.ts";
export { isOfShard } from "./work/shards.ts";
export type { Shard } from "./work/shards.ts";
export { listenForStrays, watchStrays } from "./work/stray_failures.ts";
export { eitherSignal } from "./work/until_aborted.ts";
