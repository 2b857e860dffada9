// The routes of runs, which every service has.
import type { Gateway } from "../../../apps/gateways.ts";
import { runReasons } from "../reasons.ts";
import { checkDiscard } from "./own_runs.ts";
import { changedRunsRoutes, loggedRunsRoutes } from "./routes.ts";

/** Hints by reason, for clients of the HTTP API. */
const HINTS = runReasons.hints({
  logged_run_missing: ({ name }) =>
    `Finished runs are versions. List the others: GET /logged-runs?name=${
      encodeURIComponent(name)
    }`,
  run_value_differs: null,
});

export const runsGateway: Gateway = {
  name: "runs",
  hints: HINTS,
  subjectOf: ({ run }) => ({ run }),
  addRoutes(routes, context) {
    loggedRunsRoutes(routes, context);
    changedRunsRoutes(routes, context);
  },
  checkDiscard,
};
