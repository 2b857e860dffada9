import { loadPart } from "../../core/kernel.ts";
import { defineServing, type Extension, type Gateway } from "../../apps/cli/program/extension.ts";

interface MlflowPart {
  createMlflowGateway(): Gateway;
}

export const mlflowExtension: Extension = {
  name: "mlflow",
  serving: defineServing({
    options: [
      { flags: "--mlflow", text: "also serve clients of MLflow, which set MLFLOW_TRACKING_URI" },
    ],
    async gateways({ mlflow }) {
      if (!mlflow) return [];
      const part = await loadPart<MlflowPart>("./mlflow_gateway.ts", import.meta.url);
      return [part.createMlflowGateway()];
    },
  }),
};
