// The addresses that clients of MLflow print, which lead to the views of the page.
import type { PageExtension } from "../../extension.ts";

export const mlflowExtension: PageExtension = {
  name: "mlflow",
  asks: "mlflow",
  views: [
    {
      at: "experiments",
      title: "Runs",
      of: "runs",
      load: async () => (await import("./forward.ts")).Forward,
    },
  ],
};
