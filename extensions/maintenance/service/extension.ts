// The routes of space and rules, which every service has.
import type { Gateway } from "../../../apps/server/extending.ts";
import { rulesRoutes } from "./rules.ts";
import { spaceRoutes } from "./space.ts";

export const maintenanceGateway: Gateway = {
  name: "maintenance",
  addRoutes(routes, context) {
    spaceRoutes(routes, context);
    rulesRoutes(routes, context);
  },
};
