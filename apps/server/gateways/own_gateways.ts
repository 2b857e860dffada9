// Gateways of extensions that every service has.
import { maintenanceGateway } from "../../../extensions/maintenance/service/extension.ts";
import { runsGateway } from "../../../extensions/runs/service/extension.ts";
import type { Gateway } from "./gateway.ts";

export const OWN_GATEWAYS: readonly Gateway[] = [maintenanceGateway, runsGateway];
