/**
 * All commands, in the order of the help.
 *
 * @module
 */
import type { Command } from "../program/command.ts";
import { alias } from "./alias.ts";
import { batchLoad } from "./batch/load.ts";
import { batchSave } from "./batch/save.ts";
import { batchVerify } from "./batch/verify.ts";
import { cat } from "./cat.ts";
import { complete } from "./complete.ts";
import { completions } from "./completions.ts";
import { copy } from "./copy.ts";
import { download } from "./download.ts";
import { gc } from "./gc.ts";
import { info } from "./info.ts";
import { init } from "./init.ts";
import { load } from "./load.ts";
import { ls } from "./ls.ts";
import { cache } from "./stores/cache.ts";
import { mirror } from "./stores/mirror.ts";
import { probe } from "./stores/probe.ts";
import { prune } from "./prune.ts";
import { rm } from "./rm.ts";
import { save } from "./save.ts";
import { verify } from "./verify.ts";
import { versions } from "./versions.ts";

/** All commands, in the order of the help. */
export const COMMANDS: readonly Command[] = [
  init,
  save,
  load,
  ls,
  versions,
  info,
  rm,
  alias,
  copy,
  download,
  cat,
  verify,
  gc,
  prune,
  mirror,
  probe,
  cache,
  batchSave,
  batchLoad,
  batchVerify,
  completions,
  complete,
];
