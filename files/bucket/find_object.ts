// Reading an object as a file: in the state in which it was found, or not at all.
import type {
  Backend,
  ByteRange,
  CallOptions,
  ObjectInfo,
  StoredObject,
} from "../../core/backend.ts";
import { iterableStream } from "../../core/bytes/bytes.ts";
import { fault, type RegistryError } from "../../core/errors.ts";
import type { FileToDecode } from "../../core/format.ts";
import { shown } from "../../core/naming/names.ts";

/** Finds an object, or takes what was found; undefined where there is none. What is read later is of this state, or a `Conflict`. */
export async function findObject(
  backend: Backend,
  path: string,
  { signal, found: known }: CallOptions & { found?: ObjectInfo },
): Promise<FileToDecode | undefined> {
  const found = known ?? await backend.head(path, { signal });
  if (found === undefined) return undefined;
  const get = async (range?: ByteRange): Promise<StoredObject> => {
    const object = await backend.get(path, { range, signal });
    if (object !== undefined && isSame(object.info, found)) return object;
    await object?.body.cancel().catch(() => {}); // nothing of it is wanted
    throw changedObject(backend, { action: "read", path });
  };
  return {
    path,
    size: found.size,
    bytes: async () => await (await get()).bytes(),
    stream(range) {
      if (range !== undefined && (range.offset >= found.size || range.length === 0)) {
        return new Blob().stream();
      }
      return iterableStream((async function* () {
        yield* (await get(range)).body;
      })());
    },
  };
}

/** What to throw where an object is not what it was. */
export function changedObject(
  { location }: Backend,
  { action, path }: { action: string; path: string },
): RegistryError {
  return fault({
    code: "Conflict",
    action,
    subject: shown(path),
    state: "it changed meanwhile",
    hint: "Do it again: what is there now is another file.",
    key: path,
    backend: location,
  });
}

/** True for the same object in the same state. */
export function isSame(a: ObjectInfo, b: ObjectInfo): boolean {
  return a.size === b.size && a.etag === b.etag &&
    (a.etag !== undefined || a.modifiedAt === b.modifiedAt);
}
