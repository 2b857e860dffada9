// The bytes of one file of a version: verified, and read on where a connection broke.
import type { ByteRange } from "../../core/backend.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import type { FileInfo } from "../../core/record/record.ts";
import { backoffMs, withDeadline } from "../../core/retry.ts";
import type { Connection } from "./connection.ts";
import { unanswered } from "./problem.ts";
import { createSha256 } from "./sha256.ts";

export interface RemoteFile {
  ref: string;
  /** Below the address of the service, encoded. */
  path: string;
  commit: string;
  info: FileInfo;
  signal?: AbortSignal;
}

/** The bytes of a file, or of a range of it. What is read whole is verified at its end. */
export async function* readFile(
  connection: Connection,
  file: RemoteFile,
  { range, verify }: { range?: ByteRange; verify: boolean },
): AsyncGenerator<Uint8Array> {
  const { info, ref } = file;
  const { offset, end } = boundsOf(info, range);
  const whole = offset === 0 && end === info.size;
  const hash = verify && whole ? createSha256() : undefined;
  for await (const chunk of readOn(connection, file, { offset, end })) {
    hash?.update(chunk);
    yield chunk;
  }
  if (hash !== undefined && hash.digest() !== info.sha256) throw corrupt(ref, info.path);
}

/** Throws `Corrupt` where bytes are not those of a file. */
export function checkBytes(ref: string, info: FileInfo, bytes: Uint8Array): void {
  const hash = createSha256();
  hash.update(bytes);
  if (bytes.byteLength !== info.size || hash.digest() !== info.sha256) {
    throw corrupt(ref, info.path);
  }
}

/** Asks again from where it broke off, while that brings anything within the time for it. */
async function* readOn(
  connection: Connection,
  file: RemoteFile,
  { offset, end }: { offset: number; end: number },
): AsyncGenerator<Uint8Array> {
  const { system, retryForMs, timeoutMs, location, logger } = connection;
  const { signal, info } = file;
  let at = offset;
  let failures = 0;
  let movedAt = system.monotonic();
  while (at < end) {
    const reader = await begin(connection, file, { at, end });
    let failure: unknown;
    try {
      for (;;) {
        let next;
        try {
          next = await withDeadline(reader.read(), { signal, timeoutMs });
        } catch (error) {
          failure = error;
          break;
        }
        if (next.done || at >= end) break;
        at += next.value.byteLength;
        if (at > end) {
          throw connection.strange({ action: `read ${shown(info.path)}` }, "it is too long");
        }
        failures = 0;
        movedAt = system.monotonic();
        yield next.value;
      }
    } finally {
      void reader.cancel().catch(() => {}); // what it fails with was told, or nobody wants the rest
    }
    if (at >= end) return;
    signal?.throwIfAborted();
    const error = unanswered({
      action: `read ${shown(info.path)} of "${file.ref}"`,
      location,
      writes: false,
    }, failure);
    const waitMs = backoffMs(++failures, () => system.random());
    if (system.monotonic() - movedAt + waitMs > retryForMs) throw error;
    logger.debug(`${error.message} any more: reads on at ${at}`);
    await system.sleep(waitMs, signal);
  }
}

async function begin(
  connection: Connection,
  { path, commit, info, ref, signal }: RemoteFile,
  { at, end }: { at: number; end: number },
): Promise<ReadableStreamDefaultReader<Uint8Array>> {
  const whole = at === 0 && end === info.size;
  const action = `read ${shown(info.path)} of "${ref}"`;
  const headers = whole ? undefined : { range: `bytes=${at}-${end - 1}` };
  const response = await connection.request({ action, path, query: { commit }, headers, signal });
  if (!whole && !(response.status === 206 && isRange(response, { at, end }))) {
    await response.body?.cancel();
    throw connection.strange({ action }, "it gives no ranges");
  }
  return (response.body ?? new Blob([]).stream()).getReader();
}

function isRange({ headers }: Response, { at, end }: { at: number; end: number }): boolean {
  const [, first, last] =
    /^bytes (\d+)-(\d+)\//.exec(headers.get("content-range") ?? `bytes ${at}-${end - 1}/`) ?? [];
  return Number(first) === at && Number(last) < end;
}

function boundsOf(info: FileInfo, range: ByteRange | undefined): { offset: number; end: number } {
  const { offset, length = info.size } = range ?? { offset: 0 };
  if (!(Number.isSafeInteger(offset) && offset >= 0 && length >= 0) || length % 1 > 0) {
    throw fault({
      code: "Invalid",
      action: "read a range of",
      subject: shown(info.path),
      state: `offset ${offset} and length ${length} are not a range`,
      hint: "Offset and length are whole numbers from 0.",
    });
  }
  return { offset, end: Math.min(offset + length, info.size) };
}

function corrupt(ref: string, path: string): RegistryError {
  return fault({
    code: "Corrupt",
    action: "read",
    subject: `${shown(path)} of "${ref}"`,
    state: "its bytes are not what was saved",
    hint:
      "They changed in the store, or on their way. Read again; where that does not help, restore it from a copy.",
  });
}
