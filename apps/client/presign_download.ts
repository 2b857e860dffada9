// URLs of the store of a service, for downloads.
import { shown } from "../../core/naming/names.ts";
import { parseRef } from "../../core/naming/refs.ts";
import type { DirectDownload } from "../../core/registry/transfer.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import { versionPath } from "./address.ts";
import type { Connection } from "./connection.ts";
import type { OnWire } from "./wire.ts";

/** Fails with `Unsupported` if the store of the service cannot presign URLs. */
export function createPresignDownload(
  connection: Connection,
): Required<RegistryService>["presignDownload"] {
  return async (ref, { version, path, fileName, expiresInMs, signal } = {}) => {
    parseRef(ref, version);
    const action = `presign a file of ${shown(ref)}`;
    const query = { path, fileName, expiresInMs };
    const call = { action, path: `${versionPath(ref, version)}/presign`, query, signal };
    const answer = await connection.json<OnWire<DirectDownload>>(call);
    if (typeof answer?.url !== "string") throw connection.unexpected(call, "it has no URL");
    return { ...answer, expiresAt: new Date(answer.expiresAt) };
  };
}
