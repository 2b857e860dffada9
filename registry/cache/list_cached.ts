// What of a store belongs to a cache. Whatever else lies in its folder is not its own: it is
// neither counted nor removed.
import { isPrefix } from "../../core/backend.ts";
import type { Backend, ObjectInfo } from "../../core/backend.ts";
import type { SignalOptions } from "../../core/registry.ts";

const ID = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";
const ENTRY = "[0-9a-f]{2}/[0-9a-f]{64}";
const CACHED = new RegExp(
  `^(?:files/${ENTRY}|records/${ID}/${ENTRY}|uses/${ID}|reserved/${ID}-[0-9]+)$`,
);

/** The objects of a cache below one of its folders. */
export async function* listCached(
  backend: Backend,
  folder: string,
  { signal }: SignalOptions = {},
): AsyncGenerator<ObjectInfo> {
  for await (const entry of backend.list(folder, { signal })) {
    if (!isPrefix(entry) && CACHED.test(entry.key)) yield entry;
  }
}
