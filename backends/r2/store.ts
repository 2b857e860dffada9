// Calls to a bucket through its binding. A read fetches the first part (most objects have only one)
// and later parts of the same object as the body is read: an unread body holds no connection.
import type { CallOptions, DeleteFailure, GetOptions, ListOptions } from "../../core/backend.ts";
import type { ObjectInfo, Prefix, StoredObject } from "../../core/backend.ts";
import { clipRange, iterableStream, storedBytes, storedObject } from "../../core/bytes/bytes.ts";
import { conflict, isRegistryError, unsupported } from "../../core/errors.ts";
import { retry, withDeadline } from "../../core/retry.ts";
import type { System } from "../../core/system.ts";
import { objectName, S3_NAMES } from "../bucket/keys.ts";
import { listPages } from "../bucket/list.ts";
import { joined, partsInOrder } from "../bucket/parts_in_order.ts";
import { type R2Binding, r2Error, type R2Found } from "./binding.ts";

const MAX_DELETES = 1000;

interface StoreOptions {
  bucket: R2Binding;
  prefix: string;
  location: string;
  partBytes: number;
  retryForMs?: number;
  system: System;
}

interface Call extends CallOptions {
  action: string;
  key?: string;
  /** The object may be written although the call fails. */
  writes?: boolean;
  /** The call is sent once. */
  once?: boolean;
}

export class R2Store {
  readonly options: StoreOptions;
  readonly #bucket: R2Binding;

  constructor(options: StoreOptions) {
    this.options = options;
    this.#bucket = options.bucket;
  }

  async head(key: string, { signal }: CallOptions = {}): Promise<ObjectInfo | undefined> {
    const name = this.nameOf(key);
    return await this.call({ action: "look up", key, signal }, async () => {
      const object = await this.#bucket.head(name);
      return object === null ? undefined : infoOf(key, object);
    });
  }

  async get(key: string, { range, signal }: GetOptions = {}): Promise<StoredObject | undefined> {
    const { partBytes } = this.options;
    const all = { key, size: Number.MAX_SAFE_INTEGER, modifiedAt: 0 };
    const { start, end } = clipRange(range, all);
    const length = Math.min(end - start, partBytes);
    const first = length === 0 ? "beyond" : await this.#read(key, { start, length, signal });
    if (first === "beyond") {
      const info = await this.head(key, { signal });
      return info && storedBytes(info, new Uint8Array());
    }
    if (typeof first !== "object") return undefined;
    const { info, bytes } = first;
    const clipped = clipRange(range, info);
    const firstEnd = start + bytes.byteLength;
    if (firstEnd >= clipped.end) return storedBytes(info, bytes);
    const chunks = () =>
      partsInOrder({
        first: Promise.resolve([bytes]),
        rest: { start: firstEnd, end: clipped.end },
        partBytes,
        atOnce: 2,
        read: async ({ start, end }, signal) => {
          const part = await this.#read(key, { start, length: end - start, info, signal });
          if (typeof part === "object" && part.bytes.byteLength === end - start) {
            return [part.bytes];
          }
          throw this.#changed("read", key);
        },
        signal,
      });
    return storedObject(info, {
      body: () => iterableStream(chunks()),
      bytes: () => joined(clipped.end - start, chunks()),
    });
  }

  /** Reads bytes of an object; of this `info` if given. */
  async #read(
    key: string,
    { start: offset, length, info, signal }: CallOptions & {
      start: number;
      length: number;
      info?: ObjectInfo;
    },
  ): Promise<{ info: ObjectInfo; bytes: Uint8Array } | "beyond" | "changed" | undefined> {
    const name = this.nameOf(key);
    const onlyIf = info?.etag === undefined ? {} : { onlyIf: { etagMatches: info.etag } };
    return await this.call({ action: "read", key, signal }, async () => {
      try {
        const object = await this.#bucket.get(name, { range: { offset, length }, ...onlyIf });
        if (object?.arrayBuffer === undefined) return object === null ? undefined : "changed";
        return { info: infoOf(key, object), bytes: new Uint8Array(await object.arrayBuffer()) };
      } catch (error) { // R2 and its emulator have several errors for an invalid range
        const object = await this.#bucket.head(name);
        if (object !== null && object.size <= offset) return "beyond";
        throw error;
      }
    });
  }

  async delete(
    key: string,
    { ifEtag, signal }: CallOptions & { ifEtag?: string } = {},
  ): Promise<void> {
    const name = this.nameOf(key);
    if (ifEtag !== undefined) { // the binding has no conditional deletes
      const info = await this.head(key, { signal });
      if (info !== undefined && info.etag !== ifEtag) throw this.#changed("delete", key);
    }
    await this.call({ action: "delete", key, signal }, () => this.#bucket.delete(name));
  }

  async deleteMany(
    keys: readonly string[],
    { signal }: CallOptions = {},
  ): Promise<DeleteFailure[]> {
    signal?.throwIfAborted();
    const failures: DeleteFailure[] = [];
    const attempt = async (keys: readonly string[], action: () => unknown) => {
      try {
        await action();
      } catch (error) {
        if (signal?.aborted || !isRegistryError(error)) throw error;
        failures.push(...keys.map((key) => ({ key, error })));
      }
    };
    const names: string[] = [];
    for (const key of keys) await attempt([key], () => names.push(this.nameOf(key)));
    for (let start = 0; start < names.length; start += MAX_DELETES) {
      const batch = names.slice(start, start + MAX_DELETES);
      await attempt(
        batch.map((name) => this.#keyOf(name)),
        () => this.call({ action: "delete objects", signal }, () => this.#bucket.delete(batch)),
      );
    }
    return failures;
  }

  async *list(prefix: string, options: ListOptions = {}): AsyncGenerator<ObjectInfo | Prefix> {
    const { after = "", delimiter, signal } = options;
    signal?.throwIfAborted();
    if (!prefix.isWellFormed()) return; // no key has such a prefix
    const whole = this.options.prefix;
    const start = after === "" ? {} : { startAfter: whole + after.toWellFormed() };
    const filter = { prefix: whole + prefix, ...(delimiter === undefined ? {} : { delimiter }) };
    const call = { action: "list", key: prefix, signal };
    yield* listPages(
      { ...options, root: whole, prefix },
      async (keyOf, limit, cursor) => {
        const page = await this.call(
          call,
          () =>
            this.#bucket.list({ ...filter, limit, ...(cursor === undefined ? start : { cursor }) }),
        );
        return {
          objects: page.objects.map((object) => infoOf(keyOf(object.key), object)),
          groups: page.delimitedPrefixes.map(keyOf),
          next: page.truncated ? page.cursor : undefined,
        };
      },
      (state) => unsupported("list", prefix, state, { hint: "Pass the binding of an R2 bucket." }),
    );
  }

  async call<T>(call: Call, ask: () => Promise<T>): Promise<T> {
    const { once = false, signal } = call;
    const { location: backend, retryForMs, system } = this.options;
    const attempt = async () => {
      try {
        signal?.throwIfAborted();
        return await withDeadline(ask(), { signal });
      } catch (error) {
        if (signal?.aborted) throw signal.reason;
        throw isRegistryError(error) ? error : r2Error(error, { ...call, backend });
      }
    };
    return once ? await attempt() : await retry(attempt, { system, retryForMs, signal });
  }

  nameOf(key: string): string {
    const { prefix, location } = this.options;
    return objectName({ prefix, rules: S3_NAMES, location }, key);
  }

  #keyOf(name: string): string {
    return name.slice(this.options.prefix.length);
  }

  #changed(action: string, key: string) {
    return conflict(action, `"${key}"`, "it was replaced or deleted meanwhile", {
      hint: "Read it again.",
      key,
      backend: this.options.location,
    });
  }
}

export function infoOf(key: string, { size, etag, uploaded }: R2Found): ObjectInfo {
  return { key, size, modifiedAt: Number(uploaded), etag };
}
