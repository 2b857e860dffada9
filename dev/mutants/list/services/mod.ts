/**
 * Mistakes of plugins, jobs, events and the service.
 *
 * @module
 */
import type { Mutant } from "../../mutant.ts";
import { PLUGINS } from "./plugins.ts";

/** Mistakes of plugins, jobs, events and the service. */
export const SERVICES: readonly Mutant[] = [
  ...PLUGINS,
];
