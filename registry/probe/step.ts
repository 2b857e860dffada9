// A step of a probe.
import type { ProbeTarget } from "./target.ts";

export interface ProbeStepDefinition {
  /** What the store must do, as a sentence. */
  name: string;
  required: boolean;
  /** Tries it; throws `Unmet` or a `RegistryError` where it is not so; else may say what it found. */
  run(target: ProbeTarget): Promise<string | void>;
}
