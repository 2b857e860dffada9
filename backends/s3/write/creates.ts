// Create-only writes and their replies.
import type { PutOptions } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { ReplyHeaders } from "../calls.ts";
import { failureOf } from "../errors.ts";
import { type CallSettings, fullKey, keyFault, type S3Store } from "../store.ts";

/** Returns the fields of the first request of an object, including `putOptions`. */
export function describedObject(
  store: S3Store,
  key: string,
  { contentType, metadata }: PutOptions,
) {
  return {
    ...store.putOptions,
    Key: fullKey(store, key),
    ...(contentType === undefined ? {} : { ContentType: contentType }),
    ...(metadata === undefined ? {} : { Metadata: metadata }),
  };
}

export function createSettings(
  { provider }: S3Store,
): Pick<CallSettings, "repeat" | "creates" | "headers"> {
  const [name, value] = provider.createHeader;
  return { repeat: false, creates: true, headers: { [name]: value } };
}

/** Returns the reply to a create; undefined if the object exists. */
export async function created<T extends ReplyHeaders>(
  store: S3Store,
  key: string,
  request: Promise<T>,
  creates = true,
): Promise<T | undefined> {
  const { provider } = store;
  try {
    const reply = await request;
    if (!creates || provider.versionHeaders.every((name) => reply.headers[name] === undefined)) {
      return reply;
    }
  } catch (error) {
    const { status, name } = failureOf(error) ?? {};
    const { existsReply } = provider;
    const exists = status === existsReply.status && (existsReply.code ?? name) === name;
    if (creates && exists && !isRegistryError(error, "Unavailable")) return undefined;
    throw error;
  }
  throw keyFault(store, key, {
    code: "Unsupported",
    action: "create",
    state: `bucket versioning is enabled, so ${provider.title} overwrites existing objects`,
    hint: "Use a bucket that never had versioning enabled; suspending it is not enough.",
    maybeWritten: true,
  });
}
