// Runs of pipelines: their views, and links to them from those of versions.
import type { PageExtension } from "../../extension.ts";
import { isRecord, runOfResult } from "./names.ts";

export const pipelinesExtension: PageExtension = {
  name: "pipelines",
  asks: "pipelines",
  views: [
    { at: "runs", title: "Runs", load: async () => (await import("./runs_view.ts")).RunsView },
  ],
  isInternal: isRecord,
  runs: {
    pathOf({ run, pipeline, step }) {
      const isRun = typeof run === "string" && typeof pipeline === "string" &&
        run.startsWith(`${pipeline}@`);
      if (!isRun) return undefined;
      return typeof step === "string" ? ["runs", run, step] : ["runs", run];
    },
    runOfResult,
    load: () => import("./version_runs.ts"),
  },
};
