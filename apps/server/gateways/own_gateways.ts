// Gateways of extensions that every service has.
import { runsGateway } from "../../../extensions/runs/service/extension.ts";
import type { Gateway } from "./gateway.ts";

export const OWN_GATEWAYS: readonly Gateway[] = [runsGateway];
