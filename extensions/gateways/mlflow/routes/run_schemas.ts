// Schemas of requests about runs.
import * as v from "npm:valibot@^1.5";
import { STATUSES } from "../../../runs/mlflow/stored_run.ts";
import * as s from "../schemas.ts";

/** The latest time that dates have, milliseconds since 1970. */
const MOST_MS = 8.64e15;

/** The members that name a run; the second one is that of early clients. */
export const ofRun = { run_id: s.text(s.MOST.id), run_uuid: s.text(s.MOST.id) };

/** A request that names a run. */
export interface OfRun {
  readonly run_id?: string;
  readonly run_uuid?: string;
}

export const AskedRun = v.object(ofRun);

export const NewRun = v.object({
  experiment_id: s.text(s.MOST.id),
  user_id: s.text(s.MOST.tag),
  run_name: s.text(s.MOST.tag),
  start_time: s.integer(-MOST_MS, MOST_MS),
  tags: s.list(s.COUNT.facts, s.tag(s.MOST.tag)),
});

export const RunUpdate = v.object({
  ...ofRun,
  status: s.word(STATUSES, "it is not a status of runs"),
  end_time: s.integer(-MOST_MS, MOST_MS),
  run_name: s.text(s.MOST.tag),
});

export const LoggedParam = v.object({ ...ofRun, ...s.param.entries });
export const LoggedTag = v.object({ ...ofRun, ...s.tag(s.MOST.tag).entries });
export const DeletedTag = v.object({ ...ofRun, key: s.tagKey });
export const LoggedMetric = v.object({ ...ofRun, ...s.metric.entries });

export const LoggedBatch = v.object({
  ...ofRun,
  metrics: s.list(s.COUNT.metrics, s.metric),
  params: s.list(s.COUNT.params, s.param),
  tags: s.list(s.COUNT.tags, s.tag(s.MOST.tag)),
});

export const Outputs = v.object({
  ...ofRun,
  models: s.list(
    s.COUNT.models,
    v.object({ model_id: s.needed(s.MOST.id), step: s.integer() }),
  ),
});

/** A model of MLflow 2, whose signature is as long as its table is wide. */
export const ModelOfRun = v.object({ ...ofRun, model_json: s.needed(1_000_000) });

const Dataset = v.object({
  name: s.needed(s.MOST.name),
  digest: s.needed(36),
  source_type: s.text(s.MOST.name),
  source: s.text(65_535),
  schema: s.text(1_048_575),
  profile: s.text(16_777_215),
});

export const Inputs = v.object({
  ...ofRun,
  datasets: s.list(
    s.COUNT.datasets,
    v.object({
      dataset: Dataset,
      tags: s.list(s.COUNT.tags, v.object({ key: s.needed(255), value: s.tagValue(500) })),
    }),
  ),
  models: s.list(s.COUNT.models, v.object({ model_id: s.needed(s.MOST.id) })),
});
