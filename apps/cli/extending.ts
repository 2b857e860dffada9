// The border of the command line: the names that the commands of an extension may use, beside core/kernel.ts.
// The object of an extension has its types in program/extension.ts.
export {
  engineUrl,
  QUEUE_OPTION,
  refuseMemory,
  refusePassword,
  SERVED_QUEUE_OPTION,
  servedQueueUrl,
} from "./jobs/queue_url.ts";
export { workUntilStopped } from "./jobs/work_until_stopped.ts";
export { expandNames, nameFilter } from "./look/expand_names.ts";
export { createTokenCheck } from "../server/access/one_time.ts";
export { isSignIn, issuersOfPeople } from "../server/access/sign_in.ts";
export { readTokens } from "../server/access/token_file.ts";
export { findRegistry } from "./places/find_registry.ts";
export { loadSet } from "./places/load_module.ts";
export { configsIn, localPathOf, openStore } from "./places/open_store.ts";
export { tokenOfRun } from "./places/token_of_run.ts";
export { addedTo, readThrough, withAdded } from "./program/extensions/added_options.ts";
export { defineCommand, REF_ARGUMENT, YES_OPTION } from "./program/command.ts";
export type {
  Command,
  CommandContext,
  FlagsOf,
  OptionDefinition,
  SharedOptions,
} from "./program/command.ts";
export { askJobToken, jobTokenSource } from "./program/job_token.ts";
export { ownCommand } from "./program/own_command.ts";
export { factsText, inOrder, printTable } from "./program/print_table.ts";
export type { Fact, Row } from "./program/print_table.ts";
export { checkNewAlias, refuseItself, refuseRef, refuseUrlTarget } from "./program/refusals.ts";
export { aborted } from "./program/run_process.ts";
export { writeStream } from "./program/output_stream.ts";
export { fetchSmall } from "./program/small_answer.ts";
export { orShowPart, rethrowRepeatable } from "./program/try_each.ts";
export { noteRun } from "./services/last_runs.ts";
export type { ServerPart } from "./services/server_part.ts";
export { stdinOf } from "./terminal/cli_io.ts";
export { Interruption, reportError, toReportable } from "./terminal/exit_code.ts";
export { invalid, lookUp, nearestHint, noName, notFound, withHints } from "./terminal/hints.ts";
export { showLiveLines } from "./terminal/live_lines.ts";
export { openInBrowser } from "./terminal/open_in_browser.ts";
export { displayWidth, printable, printableJson, printableLines } from "./terminal/table.ts";
export type { Column } from "./terminal/table.ts";
export {
  formatBytes,
  formatCount,
  formatGrace,
  formatSeconds,
  formatTime,
  formatTimes,
  parseAge,
  parseCount,
  parseDuration,
  parsePort,
  parsePositive,
  unreadable,
} from "./terminal/units.ts";
export { findShard } from "./values/find_shard.ts";
export { parseEntry } from "./values/metadata.ts";
export { RENAME_OPTION, Renamings } from "./values/renaming.ts";
