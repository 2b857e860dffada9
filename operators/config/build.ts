// From what a configuration says to a pipeline: defaults in place, and checked as a whole.
import type { EnvironmentConfig, Pipeline, PipelineStep } from "../../core/pipelines/pipeline.ts";
import { checkSteps } from "./check_steps.ts";
import type { KnownOperators } from "./definition.ts";
import type { OperatorFound, PipelineFound } from "./found.ts";
import type { Path } from "./tree/node.ts";
import { assignNodes } from "./assign_nodes.ts";
import type { ProblemList } from "./tree/problems.ts";
import { stepOf } from "./step_inputs.ts";
import { readResources } from "./resources.ts";
import { retryConfig } from "./table/special_readers.ts";

export interface BuildOptions {
  id: string;
  cores: number;
  /** The operators that there are. @default any name will do */
  operators?: KnownOperators;
  problems: ProblemList;
}

export function buildPipeline(found: PipelineFound, options: BuildOptions): Pipeline {
  const { values, node } = found;
  const { problems } = options;
  const operators = values.operators ?? [];
  const base = found.path("operators");
  const indexed = operators.map((
    operator,
    index,
  ): [OperatorFound, Path] => [operator, pathOf(operator, base, index)]);
  const ids = new Set(operators.map(({ values }) => values.operator_id!));
  const places = assignNodes(found, { cores: options.cores, problems });
  const environment = environmentOf(values.env_config, { kind: "plain", install: false });
  const steps = operators.filter(({ values }) => values.operator_id !== undefined).map(
    (operator): PipelineStep => {
      const { values } = operator;
      const id = values.operator_id!;
      const inputs = values.inputs ?? {};
      const implied = Object.values(inputs).map((text) => stepOf(text, ids)?.step).filter((step) =>
        step !== undefined
      );
      return {
        id,
        operator: values.operator ?? id,
        version: values.version ?? "v1.0",
        node: places.nodeOf(id),
        upstream: [...new Set([...values.upstream_dependencies ?? [], ...implied])],
        params: values.params ?? {},
        inputs,
        outputs: values.outputs ?? {},
        ...values.start_command && { startCommand: values.start_command },
        runAs: values.run_as ?? (values.start_command === undefined ? "thread" : "command"),
        ...values.timeout !== undefined && { timeoutMs: values.timeout },
        retries: values.retries ?? retryConfig({}),
        env: values.extra_env_vars ?? {},
        environment: environmentOf(values.env_config, environment),
        ...values.git_repo !== undefined && {
          git: {
            repo: values.git_repo,
            ...values.git_tag !== undefined && { tag: values.git_tag },
          },
        },
        shards: values.shards ?? 1,
        rerun: values.rerun ?? ["inputs", "params", "code"],
        resources: readResources(values.resource, problems),
      };
    },
  );
  const pipeline: Pipeline = {
    id: values.pipeline_id ?? options.id,
    nodes: places.nodes,
    steps,
    workDir: values.work_dir ?? ".holdfast-runs",
    log: {
      level: values.log_config?.values.level ?? "info",
      ...fileOf(values.log_config?.values.file),
    },
    ...values.operators_module !== undefined && { operatorsModule: values.operators_module },
  };
  checkSteps(indexed, pipeline, { ...options, ids, pipelinePlace: node.place });
  return pipeline;
}

function pathOf(operator: OperatorFound, base: Path, index: number): Path {
  return operator.path("operator_id").parent ?? { parent: base, key: index };
}

function fileOf(file: string | undefined): { file?: string } {
  return file === undefined ? {} : { file };
}

function environmentOf(
  found: NonNullable<OperatorFound["values"]["env_config"]> | undefined,
  otherwise: EnvironmentConfig,
): EnvironmentConfig {
  if (found === undefined) return otherwise;
  const { kind = "plain", name, install = false } = found.values;
  return { kind, ...name !== undefined && { name }, install };
}
