// A step of a probe.
import type { ProbeTarget } from "./target.ts";

/** A step of a probe. */
export interface ProbeStepDefinition {
  /** What the store must do, as a sentence. */
  name: string;
  /** Whether a registry needs it. */
  required: boolean;
  /** Tries it; throws `Unmet` or a `RegistryError` where it is not so; else may say what it found. */
  run(target: ProbeTarget): Promise<string | void>;
}
