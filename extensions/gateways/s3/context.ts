// The context of the routes.
import type { GatewayContext } from "../../../apps/gateways.ts";

export interface S3Context extends GatewayContext {
  readonly bucket: string;
  /** The commits of exact versions, for a moment. */
  readonly exact: Map<string, { commit: string; until: number }>;
}
