// Mistakes of plugins, jobs, events, the service and its client.
import type { Mutant } from "../../mutant.ts";
import { BY_CONTRACT } from "./contract.ts";
import { EVENTS } from "./events.ts";
import { HTTP_CLIENT } from "./http_client.ts";
import { PLUGINS } from "./plugins.ts";
import { SERVER } from "./server.ts";
import { UPLOADS } from "./uploads.ts";

/** Mistakes of plugins, jobs, events, the service and its client. */
export const SERVICES: readonly Mutant[] = [
  ...PLUGINS,
  ...EVENTS,
  ...SERVER,
  ...UPLOADS,
  ...HTTP_CLIENT,
  ...BY_CONTRACT,
];
