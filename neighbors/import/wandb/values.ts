// Configurations and histories, which the files of runs and exports have alike.
import { type Metric, NOT_FINITE } from "../../../runs/mlflow/points.ts";

/** Values that W&B adds to the numbers of a program. */
const OWN_KEYS = /^(_(step|timestamp|runtime|wandb(\.[^]*)?))?$/;

export function isOwnKey(key: string): boolean {
  return OWN_KEYS.test(key);
}

/** Yields the numbers of a step, which `_step` has if it is not given. */
export function* metricsIn(
  values: ReadonlyMap<string, unknown>,
  { step: given, startedMs }: { step?: number; startedMs: number },
): Generator<Metric> {
  const number = (key: string) => {
    const value = values.get(key);
    return typeof value === "number" && Number.isFinite(value) ? value : undefined;
  };
  const step = given ?? number("_step") ?? 0, seconds = number("_timestamp");
  const timestamp = seconds === undefined ? startedMs : Math.round(seconds * 1000);
  if (!Number.isSafeInteger(step) || Math.abs(timestamp) > 8.64e15) return;
  for (const [key, value] of values) {
    if (typeof value === "number" && !isOwnKey(key)) yield { key, value, timestamp, step };
  }
}

/** Returns a number, also as the word of one that JSON does not have. */
export function numberIn(value: unknown): number | undefined {
  if (typeof value === "string") return NOT_FINITE.get(value);
  return typeof value === "number" ? value : undefined;
}

/** Returns the value of a JSON text, also of NaN and infinities. */
export function valueOf(json: string): unknown {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "string" ? NOT_FINITE.get(value) ?? value : value;
  } catch {
    return NOT_FINITE.get(json) ?? json;
  }
}

/** Returns a configuration as texts, whose nested keys are joined with dots. */
export function paramsOf(config: ReadonlyMap<string, unknown>): Map<string, string> {
  const params = new Map<string, string>();
  const add = (key: string, value: unknown, depth: number) => {
    if (value !== null && typeof value === "object" && !Array.isArray(value) && depth < 20) {
      for (const [name, each] of Object.entries(value)) add(`${key}.${name}`, each, depth + 1);
    } else params.set(key, typeof value === "object" ? JSON.stringify(value) : `${value}`);
  };
  for (const [key, value] of config) if (!/^_wandb(\.|$)/.test(key)) add(key, value, 0);
  return params;
}
