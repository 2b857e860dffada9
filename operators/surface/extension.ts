// Pipelines: their commands, workers for their steps, and the routes of their runs.
import { loadPart } from "../../core/kernel.ts";
import { defineServing, type Extension, type Gateway } from "../../apps/cli/program/extension.ts";
import { CLI_HINTS } from "./hint_words.ts";

export const pipelinesExtension: Extension = {
  name: "pipelines",
  hints: CLI_HINTS,
  ofRegistry: ["pipeline (plan|run|status|logs|cancel|graph)"],
  suggestions: {
    reading: ["pipeline plan", "pipeline status", "pipeline logs", "pipeline graph"],
    commands: [
      [
        "pipeline run [file] --operator <step>",
        "build, exec, execute, exp, exp run, repro, reproduce, rerun, resume, trigger",
      ],
      ["pipeline run [file]", "run"],
      ["pipeline init", "stage, stage add"],
      ["pipeline plan", "plan"],
      ["pipeline plan --check", "lint, validate"],
      ["pipeline graph", "graph"],
      ["pipeline graph | lineage", "dag, pipeline dag"],
      ["pipeline cancel <run>", "cancel, kill, pipeline stop, pipeline kill, stop"],
      ["pipeline status", "pipeline list, pipeline ls, pipelines, ps"],
    ],
    options: [
      ["pipeline.run pipeline.plan", "--operator STEP", "--step --single-item"],
      ["pipeline.run pipeline.plan", "--set PATH=VALUE", "--param --set-param -S -P"],
    ],
  },
  words: [
    [
      /^(?:wandb )?sweep\b|^optuna\b/i,
      "pipeline run [file] --set <path>=<value>, once for each value",
    ],
    [/^dvc (status|data status)\b/i, "pipeline status"],
    [
      /^(airflow|prefect|dagster|kedro|zenml) (?:\w+ )?(run|trigger|dev|deploy)\b/i,
      "pipeline run [file]",
    ],
  ],
  commands: [{
    group: "pipelines",
    title: "Steps that run when their inputs change",
    load: {
      "pipeline init": async () => (await import("./commands/init.ts")).init,
      "pipeline plan": async () => (await import("./commands/plan.ts")).plan,
      "pipeline run": async () => (await import("./commands/run.ts")).run,
      "pipeline step": async () => (await import("./commands/step.ts")).step,
      "pipeline status": async () => (await import("./commands/status.ts")).status,
      "pipeline logs": async () => (await import("./commands/logs.ts")).logs,
      "pipeline cancel": async () => (await import("./commands/status.ts")).cancel,
      "pipeline graph": async () => (await import("./commands/graph.ts")).graph,
      worker: async (all) => (await import("../../apps/cli/commands/worker.ts")).createWorker(all),
    },
  }],
  serving: defineServing({
    options: [],
    async gateways() {
      const { pipelines } = await loadPart<{ pipelines: Gateway }>(
        "./pipelines.ts",
        import.meta.url,
      );
      return [pipelines];
    },
  }),
  working: async () => (await import("./work_steps.ts")).workingSteps,
  records: {
    of: "pipelines",
    such: "p:run and p:step:a",
    async *without(registry, names, hidden) {
      const { withoutRecords } = await import("../runner/records/names.ts");
      yield* withoutRecords(registry, names, hidden);
    },
  },
};
