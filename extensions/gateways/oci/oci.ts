/**
 * Versions as OCI artifacts, for programs that pull from a container registry: a gateway of
 * `createHandler`.
 *
 * @module
 */
import type { Gateway } from "../../../apps/gateways.ts";
import { passwordAsToken } from "../../../apps/server/extending.ts";
import { answered } from "./errors.ts";
import { ociRoutes } from "./routes.ts";

/**
 * The read side of the OCI distribution specification 1.1: `HOST/my/model:1.0.0` is version 1.0.0 of
 * `my:model`, as a ModelPack artifact with a layer for each file, and `HOST/my/model:1.0.0__image` is
 * it as a container image that nodes mount.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { oci } from "@holdfast/holdfast/gateways/oci";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [oci] });
 * ```
 */
export const oci: Gateway = {
  name: "oci",
  paths: ["/v2"],
  showsAdded: true,
  addRoutes: ociRoutes,
  authorization: passwordAsToken,
  answered,
};
