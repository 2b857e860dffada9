/**
 * Versions as objects of a bucket, for programs that read S3: a gateway of `createHandler`.
 *
 * @module
 */
import type { Gateway, GatewayContext, Routes } from "../../../apps/gateways.ts";
import { invalid, shown } from "../../../core/kernel.ts";
import { credentialsOf } from "./credentials.ts";
import { answered } from "./errors.ts";
import type { S3Options } from "./options.ts";
import { bucketRoutes } from "./routes/buckets.ts";
import { objectRoutes } from "./routes/objects.ts";
import { claimsSigned, isUnsignedClient } from "./sigv4.ts";

export type { S3Options };

/**
 * Creates a gateway for programs that read S3. The key of a file is `NAME/@VERSION/PATH`. Requests
 * that are signed or by a client of S3 are its own, and those whose path or host begins with the
 * bucket.
 *
 * @example
 * ```ts
 * import { openRegistry } from "@holdfast/holdfast";
 * import { createHandler } from "@holdfast/holdfast/server";
 * import { createS3Gateway } from "@holdfast/holdfast/gateways/s3";
 *
 * await using registry = await openRegistry("memory:");
 * await using handler = createHandler(registry, { gateways: [createS3Gateway()] });
 * ```
 *
 * @throws {RegistryError} `Invalid` for a name that no bucket can have, or an invalid host
 */
export function createS3Gateway(options: S3Options = {}): Gateway {
  const { bucket = "holdfast", domain = "localhost", key } = options;
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) {
    const state = "it is not a host name of 3 to 63 characters";
    throw invalid("use the bucket name", shown(bucket), state, {
      hint: "Use lower-case letters, digits and hyphens.",
    });
  }
  if (!/^[\w-]+(\.[\w-]+)*$/.test(domain)) {
    throw invalid("use the S3 domain", shown(domain), "it is not a host name", {
      hint: "Pass a host without scheme, port and path, such as s3.example.com.",
    });
  }
  const host = new RegExp(`^\\w+://${bucket}\\.${domain.replaceAll(".", "\\.")}(:\\d+)?/`, "i");
  return {
    name: "s3",
    paths: [`/${bucket}`],
    claims: (request) =>
      host.test(request.url) || claimsSigned(request) ||
      isUnsignedClient(new URL(request.url).pathname, request),
    takesAllPaths: true,
    showsAdded: true,
    addRoutes(routes: Routes, context: GatewayContext) {
      const own = { ...context, bucket, exact: new Map() };
      bucketRoutes(routes, own);
      objectRoutes(routes, own);
    },
    authorization: (request, { nowMs }) => credentialsOf(request, { nowMs, key }),
    received(request) {
      const { url, method, headers, signal } = request;
      const [found] = host.exec(url) ?? [];
      if (found === undefined) return request;
      return new Request(`${found}${bucket}/${url.slice(found.length)}`, {
        method,
        headers,
        signal,
      });
    },
    answered: (answer, info, { method, url }) => answered(answer, info, { method, url, bucket }),
  };
}
