// The routes of space and rules, which every service has.
import type { Gateway } from "../../../apps/gateways.ts";
import { maintenanceReasons } from "../reasons.ts";
import { rulesRoutes } from "./rules.ts";
import { spaceRoutes } from "./space.ts";

/** Hints by reason, for clients of the HTTP API. */
const HINTS = maintenanceReasons.hints({
  rule_incomplete: 'Send a rule with "protect", or with what to keep, as in "keepLast": 30.',
  rule_missing: "List the rules: GET /rules",
  rule_gives_up: 'Send these members with the same values, or set "replace" in the body.',
});

export const maintenanceGateway: Gateway = {
  name: "maintenance",
  hints: HINTS,
  addRoutes(routes, context) {
    spaceRoutes(routes, context);
    rulesRoutes(routes, context);
  },
};
