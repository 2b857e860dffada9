// URLs of the store of a service, for downloads, and reads that such URLs answer.
import { type DirectDownload, PRESIGN } from "../../core/registry/transfer.ts";
import { mayLead } from "../../core/urls/nearness.ts";
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

/** Milliseconds until the bucket must begin to answer; then the service sends the bytes. */
const BUCKET_MS = 5_000;
/** Milliseconds in which the service sends all bytes after its bucket failed. */
const WITHOUT_MS = 600_000;

/** When to ask the bucket of a service again, by the monotonic clock. */
const FAILED = new WeakMap<Connection, number>();

/** The host that each service may lead to, as it was found. */
const HOSTS = new WeakMap<Connection, string>();

async function mayFollow(connection: Connection, url: URL): Promise<boolean> {
  const { location, logger } = connection;
  if (HOSTS.get(connection) === url.host) return true;
  const may = await mayLead(new URL(location), url);
  logger.debug(may ? `reads from ${url.host}` : `does not follow to ${url.host}: private`);
  if (may) HOSTS.set(connection, url.host);
  return may;
}

/** Returns the start of a file or range: from the bucket where the service allows it, if it fits. */
export async function requestFile(
  connection: Connection,
  call: Call,
  fits: (answer: Response) => boolean,
): Promise<Response> {
  const { system, location } = connection;
  if (system.monotonic() < (FAILED.get(connection) ?? 0)) return await connection.request(call);
  const headers = { ...call.headers, "holdfast-accept": "redirect" };
  const answer = await connection.request({ ...call, headers, also: [0, 307] }); // 0: in browsers
  if (answer.ok) return answer;
  await answer.body?.cancel();
  const url = URL.parse(answer.headers.get("location") ?? "");
  const isSafe = url !== null && ["https:", new URL(location).protocol].includes(url.protocol);
  try {
    // Without a commit, it is a proxy that leads to its sign-in.
    const isOurs = isSafe && answer.headers.has("holdfast-commit");
    if (isOurs && await mayFollow(connection, url)) {
      const direct = { ...call, url: url.href, once: true, retryForMs: 0, timeoutMs: BUCKET_MS };
      const sent = await connection.request(direct);
      if (fits(sent)) return sent;
      await sent.body?.cancel();
    }
  } catch { // not shown: its message may have the URL, which is a secret
    call.signal?.throwIfAborted();
  }
  FAILED.set(connection, system.monotonic() + WITHOUT_MS);
  return await connection.request(call);
}
