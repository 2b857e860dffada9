/**
 * Versions as folders, for programs that mount WebDAV: a gateway of `createHandler`.
 *
 * @module
 */
import type { Answer, Gateway } from "../../../apps/gateways.ts";
import { passwordAsToken } from "../../../apps/server/extending.ts";
import { FolderVersions } from "./folder_versions.ts";
import { davRoutes } from "./routes.ts";

/**
 * Read-only WebDAV: `/dav/NAME@VERSION/` is a version as a folder.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { dav } from "@holdfast/holdfast/gateways/dav";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [dav] });
 * ```
 */
export const dav: Gateway = {
  name: "dav",
  addRoutes: davRoutes,
  authorization: passwordAsToken,
  answered: offerBasic,
  memory: [FolderVersions],
};

/** Clients of WebDAV send a password only to a service that asks for one. */
function offerBasic(answer: Answer): Answer {
  const { status, headers } = answer;
  if (status === 401) headers["www-authenticate"] += ', Basic realm="holdfast", charset="UTF-8"';
  return answer;
}
