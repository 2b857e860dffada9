// Runs that log values: the view of one with its curves, of several, and curves beside the table of
// a name. The page itself lists them.
import type { PageExtension } from "../../extension.ts";

export const runsExtension: PageExtension = {
  name: "runs",
  views: [{
    at: "logged",
    title: "Runs",
    of: "runs",
    load: async () => (await import("./logged_run_view.ts")).LoggedRunView,
  }],
  loadBeside: async () => (await import("./row_curves.ts")).RowCurves,
};
