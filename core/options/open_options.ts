// The options of opening a registry, by name.
import type { OpenOptions } from "../registry.ts";
import type { OptionNames } from "./check_options.ts";

/** Of every registry on a store. */
export const OPEN_OPTIONS: OptionNames<OpenOptions> = {
  versioned: true,
  mutable: true,
  graceMs: true,
  leastGraceMs: true,
  create: true,
  readOnly: true,
  retryForMs: true,
  materializers: true,
  verify: true,
  maxLoadBytes: true,
  cache: true,
  events: true,
  system: true,
  logger: true,
  signal: true,
};
