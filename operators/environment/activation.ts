// What activating an environment takes and gives.
import type { System } from "../../core/system.ts";

export interface EnvironmentOptions {
  /** The folder that relative paths begin at, absolute. */
  root: string;
  /** Variables of the step, which are not replaced; its `PATH` is put after that of the environment. */
  env: Readonly<Record<string, string>>;
  system: Pick<System, "env">;
}

export interface Activation {
  env: Record<string, string>;
  /** What stands before the program: scripts of packages that are to be read by a shell. */
  before: readonly string[];
}
