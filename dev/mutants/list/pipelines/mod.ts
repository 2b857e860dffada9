// Mistakes of operators, pipelines, engines and queues.
import type { Mutant } from "../../mutant.ts";
import { CONFIGURATION } from "./configuration.ts";
import { ENGINES } from "./engines.ts";
import { PROCESSES } from "./processes.ts";
import { QUEUES } from "./queues.ts";
import { RUNNER } from "./runner.ts";
import { STEPS } from "./steps.ts";

/** Mistakes of operators, pipelines, engines and queues. */
export const PIPELINES: readonly Mutant[] = [
  ...CONFIGURATION,
  ...ENGINES,
  ...PROCESSES,
  ...QUEUES,
  ...RUNNER,
  ...STEPS,
];
