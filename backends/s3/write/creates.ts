// Requests that write only where nothing is, and what their replies mean.
import type { PutOptions } from "../../../core/backend.ts";
import { fault, isRegistryError } from "../../../core/errors.ts";
import { shown } from "../../../core/naming/names.ts";
import type { ReplyHeaders } from "../calls.ts";
import { failureOf } from "../errors.ts";
import { type CallSettings, fullKey, type S3Store } from "../store.ts";

/** The fields of an object's first request, and those that the user wants on every upload. */
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

/** The reply to a create, or undefined where it says that the object exists. */
export async function created<T extends ReplyHeaders>(
  { provider, location }: S3Store,
  key: string,
  request: Promise<T>,
  creates = true,
): Promise<T | undefined> {
  try {
    const reply = await request;
    if (!creates || provider.versionHeaders.every((name) => reply.headers[name] === undefined)) {
      return reply;
    }
  } catch (error) {
    const { status, name } = failureOf(error) ?? {};
    const { existsReply } = provider;
    const exists = status === existsReply.status && (existsReply.code ?? name) === name;
    if (creates && exists && !isRegistryError(error, "Unavailable")) return undefined; // a conflict may pass
    throw error;
  }
  throw fault({
    code: "Unsupported",
    action: "create",
    subject: shown(key),
    state: `the bucket keeps versions, and then ${provider.title} overwrites what exists`,
    hint: "Use a bucket that never had versioning, also not suspended.",
    key,
    backend: location,
    maybeWritten: true,
  });
}
