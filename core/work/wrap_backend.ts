// Backends that change calls of another one. Both functions list all members of `Backend`: one that
// is forgotten does not compile.
import type { Backend, CallOptions, ListOptions, ObjectInfo } from "../backend.ts";

/** All members, those that a backend may lack as undefined. */
type Members = { readonly [Name in keyof Required<Backend>]: Backend[Name] };

/**
 * Returns a backend with the members of `inner`, except those of `members`. An undefined one turns
 * an optional member off. `getFirst`, `copy`, `presign`, `presignPut` and `reopen` of `inner` call no other
 * member, nor do the `folders` of `disk`: change or turn off those that go around yours.
 *
 * @example
 * ```ts
 * import { createMemoryBackend } from "@holdfast/holdfast";
 * import { wrapBackend } from "@holdfast/holdfast/backends";
 * import { assertEquals } from "@std/assert";
 *
 * const inner = createMemoryBackend();
 * const deleted: string[] = [];
 * const backend = wrapBackend(inner, {
 *   async delete(key, options) {
 *     deleted.push(key);
 *     await inner.delete(key, options);
 *   },
 *   deleteMany: undefined,
 * });
 * await backend.delete("a");
 * assertEquals(deleted, ["a"]);
 * ```
 */
export function wrapBackend(inner: Backend, members: Partial<Backend>): Backend {
  const all: Members = {
    kind: inner.kind,
    location: inner.location,
    reopen: inner.reopen,
    disk: inner.disk,
    head: inner.head.bind(inner),
    get: inner.get.bind(inner),
    put: inner.put.bind(inner),
    delete: inner.delete.bind(inner),
    list: inner.list.bind(inner),
    getFirst: inner.getFirst?.bind(inner),
    deleteMany: inner.deleteMany?.bind(inner),
    presign: inner.presign?.bind(inner),
    presignPut: inner.presignPut?.bind(inner),
    copy: inner.copy?.bind(inner),
    sweepUploads: inner.sweepUploads?.bind(inner),
    sync: inner.sync?.bind(inner),
    reserve: inner.reserve?.bind(inner),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  return { ...all, ...members };
}

/** A call of a backend. */
export interface BackendCall {
  readonly method: Exclude<keyof Backend, "kind" | "location" | "reopen" | "disk" | symbol>;
  /** Its key, prefix, or first key. */
  readonly key: string;
  /** Of a put. */
  readonly mode?: "overwrite" | "create";
  readonly signal?: AbortSignal;
}

/** Does something around a call. `act` sends it, and may be called later, or again. */
export type AroundCall = <T>(
  call: BackendCall,
  act: (signal: AbortSignal | undefined) => Promise<T>,
) => Promise<T>;

/** Entries of a list in one call, as in buckets. */
const PAGE_ENTRIES = 1000;

/**
 * Returns a backend whose calls of `inner` pass through `around`, those of a list page by page. It
 * cannot be opened again in a worker, which would go around it.
 */
export function wrapCalls(
  inner: Backend,
  around: AroundCall,
  { pageEntries = PAGE_ENTRIES }: { pageEntries?: number } = {},
): Backend {
  const disk = inner.disk && { ...inner.disk, folders: undefined };
  const bound = wrapBackend(inner, { reopen: undefined, disk });
  const { getFirst, deleteMany, presign, presignPut, copy, sweepUploads, sync, reserve } = bound;
  const send = <Options extends CallOptions, Result>(
    call: Omit<BackendCall, "signal">,
    options: Options | undefined,
    act: (options: Options & CallOptions) => Promise<Result>,
  ) => {
    const whole = (signal?: AbortSignal) => ({ ...options, signal }) as Options;
    return around<Result>({ ...call, signal: options?.signal }, (signal) => act(whole(signal)));
  };
  async function* pages<Options extends CallOptions & { limit?: number }, Entry>(
    call: Omit<BackendCall, "signal">,
    options: Options | undefined,
    open: (options: Options & CallOptions) => AsyncIterable<Entry>,
  ): AsyncGenerator<Entry> {
    let entries: AsyncIterator<Entry> | undefined;
    try {
      for (let more = true; more;) {
        let taken: Promise<Entry[]> | undefined; // a page that is asked for again is the same page
        const page = await send(call, options, (options) => {
          entries ??= open(options)[Symbol.asyncIterator]();
          return taken ??= takeOf(entries, pageEntries);
        });
        for (const entry of page) {
          options?.signal?.throwIfAborted();
          yield entry;
        }
        more = page.length === pageEntries && page.length !== options?.limit;
      }
    } finally {
      await entries?.return?.();
    }
  }
  const calls: Pick<Members, BackendCall["method"]> = {
    head: (key, options) =>
      send({ method: "head", key }, options, (options) => inner.head(key, options)),
    get: (key, options) =>
      send({ method: "get", key }, options, (options) => inner.get(key, options)),
    put(key, body, options) {
      const call = { method: "put", key, mode: options?.mode ?? "overwrite" } as const;
      return send(call, options, (options) => inner.put(key, body, options));
    },
    delete: (key, options) =>
      send({ method: "delete", key }, options, (options) => inner.delete(key, options)),
    list: (prefix, options) =>
      pages(
        { method: "list", key: prefix },
        options,
        (options) => inner.list(prefix, options),
      ),
    getFirst: getFirst &&
      ((key, options) =>
        send({ method: "getFirst", key }, options, (options) => getFirst(key, options))),
    deleteMany: deleteMany && ((keys, options) => {
      const call = { method: "deleteMany", key: keys[0] ?? "" } as const;
      return send(call, options, (options) => deleteMany(keys, options));
    }),
    presign: presign &&
      ((key, options) =>
        send({ method: "presign", key }, options, (options) => presign(key, options))),
    presignPut: presignPut &&
      ((key, options) =>
        send({ method: "presignPut", key }, options, (options) => presignPut(key, options))),
    copy: copy &&
      ((from, key, options) =>
        send({ method: "copy", key }, options, (options) => copy(from, key, options))),
    sweepUploads: sweepUploads &&
      ((options) =>
        pages({ method: "sweepUploads", key: "" }, options, (options) => sweepUploads(options))),
    sync: sync &&
      ((keys, options) =>
        send({ method: "sync", key: keys[0] ?? "" }, options, (options) => sync(keys, options))),
    reserve: reserve &&
      ((options) => send({ method: "reserve", key: "" }, options, (options) => reserve(options))),
  };
  return { ...bound, ...calls };
}

async function takeOf<T>(entries: AsyncIterator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = await entries.next();
    if (next.done) break;
    taken.push(next.value);
  }
  return taken;
}

/** Answers a list of objects by those that an earlier list of a larger prefix had. */
export async function* listAgain(
  entries: readonly ObjectInfo[],
  prefix: string,
  { after = "", limit = Infinity, signal }: ListOptions,
): AsyncGenerator<ObjectInfo> {
  let count = 0;
  for (const entry of entries) {
    if (count >= limit) return;
    if (!entry.key.startsWith(prefix) || entry.key <= after) continue;
    signal?.throwIfAborted();
    count++;
    yield entry;
  }
}
