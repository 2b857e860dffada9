// URLs of the store of a service, and reads that such URLs answer. `direct.ts` has the writes.
import { PRESIGN, PRESIGN_UPLOAD } from "../../core/registry/transfer.ts";
import type { DirectDownload, DirectUpload } from "../../core/registry/transfer.ts";
import { mayLead } from "../../core/urls/nearness.ts";
import type { RegistryService } from "../../core/registry/service.ts";
import type { Call, Connection } from "./connection.ts";
import { requestOf } from "./operations.ts";
import type { OnWire } from "./wire.ts";

/** Fails with `Unsupported` if the store of the service cannot presign URLs. */
export function createPresignDownload(
  connection: Connection,
): Required<RegistryService>["presignDownload"] {
  return (ref, options) => directOf<DirectDownload>(connection, requestOf(PRESIGN, [ref, options]));
}

/** Likewise, or if clients may not reach it. */
export function createPresignUpload(
  connection: Connection,
): Required<RegistryService>["presignUpload"] {
  return (options) => directOf<DirectUpload>(connection, requestOf(PRESIGN_UPLOAD, [options]));
}

async function directOf<T extends DirectDownload | DirectUpload>(
  connection: Connection,
  call: Call,
): Promise<T> {
  const answer = await connection.json<OnWire<T>>(call);
  if (typeof answer?.url !== "string") throw connection.unexpected(call, "it has no URL");
  return { ...answer, expiresAt: new Date(answer.expiresAt) } as unknown as T;
}

/** Milliseconds until the bucket must begin to answer; then the service sends the bytes. */
export const BUCKET_MS = 5_000;
/** Milliseconds in which the service sends all bytes after its bucket failed. */
const WITHOUT_MS = 600_000;

/** When to ask the bucket of a service again, by the monotonic clock. */
const FAILED = new WeakMap<Connection, number>();

/** The host that each service may lead to, as it was found. */
const HOSTS = new WeakMap<Connection, string>();

/** Returns true while the bucket is not asked, because it failed. */
export function hasFailed(connection: Connection): boolean {
  return connection.system.monotonic() < (FAILED.get(connection) ?? 0);
}

export function noteFailure(connection: Connection): void {
  FAILED.set(connection, connection.system.monotonic() + WITHOUT_MS);
}

export async function mayFollow(connection: Connection, url: URL): Promise<boolean> {
  const { location, logger } = connection;
  if (HOSTS.get(connection) === url.host) return true;
  const may = await mayLead(new URL(location), url);
  logger.debug(may ? `goes to ${url.host}` : `does not follow to ${url.host}: private`);
  if (may) HOSTS.set(connection, url.host);
  return may;
}

/** Returns the start of a file or range: from the bucket where the service allows it, if it fits. */
export async function requestFile(
  connection: Connection,
  call: Call,
  fits: (answer: Response) => boolean,
): Promise<Response> {
  const { location } = connection;
  if (hasFailed(connection)) return await connection.request(call);
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
  noteFailure(connection);
  return await connection.request(call);
}
