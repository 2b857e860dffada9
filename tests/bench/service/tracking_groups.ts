// Groups of benchmarks about clients of trackers (MLflow, W&B), and about imports.
import type { GroupEntry } from "../measure.ts";

export const TRACKING_GROUPS: Readonly<Record<string, GroupEntry>> = {
  mlflow: {
    title: "Searches of MLflow's clients over one experiment in a folder, after the first",
    create: async (of) => (await import("./mlflow_search.ts")).createMlflowSearchGroup(of),
    named: true,
  },
  mlflow_points: {
    title: "Points that MLflow's clients log: 100 runs, in a folder",
    about: "Requests come one by one, and the service is in the same process.",
    create: async (of) => (await import("./mlflow_points.ts")).createMlflowPointsGroup(of),
    maxRepeats: 1,
    named: true,
  },
  mlflow_import: {
    title: "Imports of a database of MLflow, into a folder",
    create: async (of) => (await import("./mlflow_import.ts")).createMlflowImportGroup(of),
    maxRepeats: 1,
    named: true,
  },
  mlflow_model: {
    title: "A file of 1 GiB that MLflow's client logs, compared with MLflow's server",
    about:
      "The client begins a run, calls `log_artifact` and ends the run; the start of its program " +
      "is not counted. Processor times are those of the client. MLflow's server keeps runs in " +
      "SQLite and artifacts in a folder. Each server is a process of its own, and new.",
    create: async (of) => (await import("./mlflow_model.ts")).createMlflowModelGroup(of),
    maxRepeats: 3,
    named: true,
  },
  wandb: {
    title: "W&B's client, compared with its offline mode and with MLflow's client",
    about:
      "W&B's client logs to `serve --wandb`, and to a folder in its offline mode; MLflow's logs to " +
      "MLflow's server, in batches of a second in the background. Each begins runs, logs and ends them; the " +
      "start of its program is not counted. A call is one of `run.log`, or of `mlflow.log_metrics`. " +
      "Runs at once are threads of one program. Processor times are those of the client with its " +
      "processes. Each server is a process of its own, and new. `--mib` chooses the size of the " +
      "file, up to 1 GiB, and `--n` the number of runs.",
    create: async (of) => (await import("./wandb.ts")).createWandbGroup(of),
    maxRepeats: 3,
    named: true,
  },
};
