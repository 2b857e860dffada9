// URLs of the store of a service, for downloads, and reads that such URLs answer.
import { isRegistryError } from "../../core/errors.ts";
import { type DirectDownload, PRESIGN } from "../../core/registry/transfer.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type { Call, Connection } from "./connection.ts";
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

/** Limit for the start of an answer of the bucket, milliseconds: the service can answer, too. */
const BUCKET_MS = 5_000;

/** Services whose bucket did not answer this program. */
const WITHOUT_BUCKET = new WeakSet<Connection>();

/** Returns the start of a file or range: from the bucket where the service allows it. */
export async function requestFile(connection: Connection, call: Call): Promise<Response> {
  if (WITHOUT_BUCKET.has(connection)) return await connection.request(call);
  const headers = { ...call.headers, "holdfast-accept": "redirect" };
  const answer = await connection.request({ ...call, headers, also: [307] });
  if (answer.status !== 307) return answer;
  await answer.body?.cancel();
  const url = answer.headers.get("location") ?? "";
  const isSafe = url.startsWith("https:") || !connection.location.startsWith("https:");
  const direct = { ...call, url, once: true, timeoutMs: BUCKET_MS };
  try {
    const sent = isSafe ? await connection.request(direct) : undefined;
    if (sent?.status === (call.headers?.range ? 206 : 200)) return sent;
    await sent?.body?.cancel();
  } catch (error) { // not shown: its message may have the URL, which is a secret
    if (!(isRegistryError(error, "Denied") || call.signal?.aborted)) WITHOUT_BUCKET.add(connection);
  }
  return await connection.request(call);
}
