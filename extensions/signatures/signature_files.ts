// The files that signatures are in gateways and exported sites.
import type { Gateway } from "../../apps/cli/program/extension.ts";

export const addedBundles: NonNullable<Gateway["adds"]> = {
  mayAdd: (path) => /^model(\.[0-9a-f]{16})?\.sig$/.test(path),
  of: async (...args) => (await import("./files/beside.ts")).bundleFilesOf(...args),
};

/**
 * Adds signatures as `model.sig` to the versions that other gateways of `createHandler` show.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { hub } from "@holdfast/holdfast/gateways/hub";
 * import { signatureFiles } from "@holdfast/holdfast/signatures";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [hub, signatureFiles] });
 * ```
 */
export const signatureFiles: Gateway = { name: "signatures", adds: addedBundles };
