import { invalid, loadPart } from "../../../core/kernel.ts";
import {
  defineServing,
  type Extension,
  type Gateway,
} from "../../../apps/cli/program/extension.ts";

interface MlflowPart {
  createMlflowGateway(options: { models?: string }): Gateway;
}

export const mlflowExtension: Extension = {
  name: "mlflow",
  words: [[/^mlflow (server|start|deploy)\b/i, "serve --mlflow"]],
  serving: defineServing({
    options: [
      { flags: "--mlflow", text: "also serve clients of MLflow, which set MLFLOW_TRACKING_URI" },
      {
        flags: "--mlflow-models <prefix>",
        text: "prefix of the names of registered models (default: models:)",
      },
    ],
    async gateways({ mlflow, mlflowModels }) {
      if (!mlflow) {
        if (mlflowModels === undefined) return [];
        throw invalid("start the service", undefined, "it has --mlflow-models, but not --mlflow", {
          hint: "Add --mlflow, or remove --mlflow-models.",
        });
      }
      const part = await loadPart<MlflowPart>("./mlflow_gateway.ts", import.meta.url);
      return [part.createMlflowGateway({ models: mlflowModels })];
    },
  }),
};
