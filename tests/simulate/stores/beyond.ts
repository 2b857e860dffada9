// Wraps the optional methods of a store.
import type { Backend } from "../../../core/backend.ts";
import type { StoreCall } from "../with_faults.ts";

export type Around = <T>(
  call: StoreCall,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
) => Promise<T>;

/** Wraps the optional verbs that a store has. */
export function beyond(
  { deleteMany, copy, presign, sweepUploads, sync, getFirst, reserve }: Backend,
  around: Around,
): Pick<
  Backend,
  "deleteMany" | "copy" | "presign" | "sweepUploads" | "sync" | "getFirst" | "reserve"
> {
  return {
    ...(deleteMany && {
      deleteMany: (keys, options) =>
        around({ verb: "deleteMany", key: keys[0] }, options?.signal, () => deleteMany(keys)),
    } satisfies Pick<Backend, "deleteMany">),
    ...(copy && {
      copy: (from, to, options) =>
        around({ verb: "copy", key: to }, options?.signal, () => copy(from, to)),
    } satisfies Pick<Backend, "copy">),
    ...(presign && {
      presign: (key, options) =>
        around({ verb: "presign", key }, options.signal, () => presign(key, options)),
    } satisfies Pick<Backend, "presign">),
    ...(sweepUploads && {
      async *sweepUploads(options) {
        yield* await around(
          { verb: "sweepUploads", key: "" },
          options.signal,
          () => Array.fromAsync(sweepUploads({ ...options, signal: undefined })),
        );
      },
    } satisfies Pick<Backend, "sweepUploads">),
    ...(sync && {
      sync: (keys, options) =>
        around({ verb: "sync", key: keys[0] }, options?.signal, () => sync(keys)),
    } satisfies Pick<Backend, "sync">),
    ...(getFirst && {
      getFirst: (prefix, options) =>
        around({ verb: "getFirst", key: prefix }, options?.signal, () => getFirst(prefix)),
    } satisfies Pick<Backend, "getFirst">),
    ...(reserve && { reserve } satisfies Pick<Backend, "reserve">),
  };
}
