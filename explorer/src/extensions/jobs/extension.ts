// The jobs of the queue of a service.
import type { PageExtension } from "../../extension.ts";

export const jobsExtension: PageExtension = {
  name: "jobs",
  asks: "jobs",
  views: [
    { at: "jobs", title: "Jobs", load: async () => (await import("./jobs_view.ts")).JobsView },
  ],
};
