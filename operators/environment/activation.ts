// What activating an environment takes and gives.
import type { System } from "../../core/system.ts";

/** What an environment is looked for with. */
export interface EnvironmentOptions {
  /** The folder that relative paths begin at, absolute. */
  root: string;
  /** Variables of the step, which are not replaced; its `PATH` is put after that of the environment. */
  env: Readonly<Record<string, string>>;
  /** The environment of this process. */
  system: Pick<System, "env">;
}

/** An environment that is active. */
export interface Activation {
  /** Variables that it sets. */
  env: Record<string, string>;
  /** What stands before the program: scripts of packages that are to be read by a shell. */
  before: readonly string[];
}
