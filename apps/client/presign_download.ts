// URLs of the store of a service, for downloads.
import { type DirectDownload, PRESIGN } from "../../core/registry/transfer.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type { Connection } from "./connection.ts";
import { requestOf } from "./operations.ts";
import type { OnWire } from "./wire.ts";

/** Fails with `Unsupported` if the store of the service cannot presign URLs. */
export function createPresignDownload(
  connection: Connection,
): Required<RegistryService>["presignDownload"] {
  return async (ref, options) => {
    const call = requestOf(PRESIGN, [ref, options]);
    const answer = await connection.json<OnWire<DirectDownload>>(call);
    if (typeof answer?.url !== "string") throw connection.unexpected(call, "it has no URL");
    return { ...answer, expiresAt: new Date(answer.expiresAt) };
  };
}
