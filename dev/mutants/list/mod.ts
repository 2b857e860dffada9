// All mutants.
import type { Mutant } from "../mutant.ts";
import { BUCKETS } from "./buckets.ts";
import { CACHE } from "./cache.ts";
import { CELL } from "./cell.ts";
import { CORE } from "./core.ts";
import { DISK } from "./disk.ts";
import { GARBAGE } from "./garbage.ts";
import { HEADS } from "./heads.ts";
import { LAYOUT } from "./layout.ts";
import { MIRROR } from "./mirror.ts";
import { OPERATION } from "./operation.ts";
import { PAYLOAD } from "./payload.ts";
import { PIPELINES } from "./pipelines/mod.ts";
import { RULES } from "./rules.ts";
import { SAVE } from "./save.ts";
import { SERVICES } from "./services/mod.ts";
import { TARGET } from "./target.ts";
import { TRANSFER } from "./transfer.ts";
import { VERBS } from "./verbs.ts";
import { WORKERS } from "./workers.ts";

/** All mutants, those of one area together. */
export const MUTANTS: readonly Mutant[] = [
  ...RULES,
  ...CELL,
  ...OPERATION,
  ...HEADS,
  ...TARGET,
  ...SAVE,
  ...PAYLOAD,
  ...GARBAGE,
  ...VERBS,
  ...MIRROR,
  ...CACHE,
  ...DISK,
  ...LAYOUT,
  ...TRANSFER,
  ...CORE,
  ...WORKERS,
  ...BUCKETS,
  ...PIPELINES,
  ...SERVICES,
];
