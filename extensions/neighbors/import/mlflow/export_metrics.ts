// Files of metrics, a line for each value:
//
//   TIME VALUE STEP         of a run
//   TIME VALUE STEP RUN     of a logged model: the run that logged the value
import type { Artifact, ArtifactInfo, Registry } from "../../../../mod.ts";
import { runIdOf, type RunKey } from "../../../runs/mlflow/ids.ts";
import { type Metric, metricsIn } from "../../../runs/mlflow/points.ts";
import {
  factsOf,
  INPUT,
  linesOf,
  MODEL_FACTS,
  OUTPUT,
  runIn,
} from "../../../runs/mlflow/stored_run.ts";

/** Returns the id in MLflow of the run of an id here. */
type RunOfText = (text: string) => string;

/** Yields the values of all metrics of a run. */
async function* valuesOf(artifact: Artifact): AsyncGenerator<Metric> {
  const { startedMs } = runIn(artifact.info);
  for await (const line of linesOf(artifact)) yield* metricsIn(line, startedMs);
}

/** Returns the file of each metric of a run. */
export async function metricTexts(
  artifact: Artifact,
  runOf?: (metric: Metric) => string,
): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const metric of valuesOf(artifact)) {
    const { key, value, timestamp, step } = metric;
    const fields = [
      timestamp,
      pythonNumber(value),
      step,
      ...runOf === undefined ? [] : [runOf(metric)],
    ];
    texts.set(key, `${texts.get(key) ?? ""}${fields.join(" ")}\n`);
  }
  return texts;
}

function pythonNumber(value: number): string {
  if (Object.is(value, -0)) return "-0.0";
  return Number.isNaN(value) ? "nan" : `${value}`.replace("Infinity", "inf");
}

interface UsingRun {
  /** Its id here. */
  readonly id: string;
  readonly version: string;
}

/** The runs of a name that use or log models: a value of a model does not say which run logged it. */
export class RunsOfModels {
  readonly #registry: Registry;
  readonly #runOfText: RunOfText;
  readonly #using = new Map<string, UsingRun[]>();

  constructor(registry: Registry, runOfText: RunOfText) {
    this.#registry = registry;
    this.#runOfText = runOfText;
  }

  /** Notes the models of a run. */
  add(key: RunKey, info: ArtifactInfo): void {
    const { tags } = runIn(info);
    for (const prefix of [`${INPUT}model.`, OUTPUT]) {
      for (const { model_id } of factsOf(tags, prefix)) {
        if (typeof model_id !== "string") continue;
        const runs = this.#using.get(model_id) ?? [], id = runIdOf(key);
        this.#using.set(model_id, runs);
        if (!runs.some((run) => run.id === id)) runs.push({ id, version: info.version });
      }
    }
  }

  /** Returns a function for the values of a logged model: their run, or none of MLflow's. */
  async of(key: RunKey, { info }: Artifact): Promise<(metric: Metric) => string> {
    const using = this.#using.get(runIdOf(key)) ?? [], found = new Map<string, string>();
    const source = runIn(info).tags.get(MODEL_FACTS.run);
    const usual = this.#runOfText(source ?? using[0]?.id ?? "0".repeat(32));
    if (!using.some(({ id }) => id !== source)) return () => usual;
    for (const { id, version } of using) {
      const run = await this.#registry.open(key.name, { version });
      for await (const metric of valuesOf(run)) {
        const text = textOf(metric);
        if (id === source || !found.has(text)) found.set(text, this.#runOfText(id));
      }
    }
    return (metric) => found.get(textOf(metric)) ?? usual;
  }
}

function textOf({ key, value, timestamp, step }: Metric): string {
  return JSON.stringify([key, `${value}`, timestamp, step]);
}
