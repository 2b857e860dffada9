// The parameters of the steps of a run, by the configuration that is stored beside its plan.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import { isJsonObject, isRegistryError, isUnreadable } from "../../../core/kernel.ts";
import { parseRunId, recordNames, versionOf } from "./names.ts";

/** The configuration, beside the plan of a run. */
export const CONFIGURATION_FILE = "pipeline.json";
/** Bytes of a configuration that is read. */
const MOST_BYTES = 4 * 1024 * 1024;

type Params = Readonly<Record<string, unknown>>;

/** Returns the parameters by step; none of a run without a configuration that can be read. */
export async function paramsOfRun(
  registry: Registry,
  run: string,
  { signal }: SignalOptions = {},
): Promise<ReadonlyMap<string, Params>> {
  const { pipeline, number } = parseRunId(run);
  const ref = `${recordNames(pipeline).run}@${versionOf(number)}`;
  try {
    const plan = await registry.open(ref, { signal });
    const stored = plan.info.files.find(({ path }) => path === CONFIGURATION_FILE);
    if (stored === undefined || stored.size > MOST_BYTES) return new Map();
    const text = new TextDecoder().decode(await plan.file(CONFIGURATION_FILE).bytes());
    return new Map(stepsIn(JSON.parse(text)));
  } catch (error) {
    const isNone = error instanceof SyntaxError || isRegistryError(error, "NotFound");
    if (!isNone && !isUnreadable(error)) throw error;
    return new Map();
  }
}

function stepsIn(configuration: unknown): [string, Params][] {
  const definition = isJsonObject(configuration) ? configuration.pipeline : undefined;
  const steps = isJsonObject(definition) ? definition.operators : undefined;
  return [steps].flat().flatMap((step) => {
    if (!isJsonObject(step) || typeof step.operator_id !== "string") return [];
    return isJsonObject(step.params) ? [[step.operator_id, unescaped(step.params) as Params]] : [];
  });
}

/** Writes `$${` as `${` again. */
function unescaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$${", "${");
  if (Array.isArray(value)) return value.map(unescaped);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unescaped(each)]));
}
