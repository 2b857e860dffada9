// A store that notifies a test before and after each call.
import type { Backend } from "../../core/backend.ts";
import { withoutExtras } from "../simulate/stores/like.ts";

export interface HookedCall {
  verb: "head" | "get" | "put" | "delete" | "list";
  key: string;
  /** True for a put that only creates. */
  create: boolean;
}

/** Actions of a test. Their errors go to the caller of the store. */
export interface Hooks {
  before?(call: HookedCall): void | Promise<void>;
  /** After the effect, before its caller receives the result. */
  after?(call: HookedCall): void | Promise<void>;
}

export function withHooks(inner: Backend, hooks: Hooks): Backend {
  async function around<T>(
    verb: HookedCall["verb"],
    key: string,
    act: () => Promise<T>,
    create = false,
  ): Promise<T> {
    await hooks.before?.({ verb, key, create });
    const result = await act();
    await hooks.after?.({ verb, key, create });
    return result;
  }
  return {
    ...withoutExtras(inner),
    head: (key, options) => around("head", key, () => inner.head(key, options)),
    get: (key, options) => around("get", key, () => inner.get(key, options)),
    put: (key, body, options) =>
      around("put", key, () => inner.put(key, body, options), options?.mode === "create"),
    delete: (key, options) => around("delete", key, () => inner.delete(key, options)),
    async *list(prefix, options) {
      await hooks.before?.({ verb: "list", key: prefix, create: false });
      yield* inner.list(prefix, options);
      await hooks.after?.({ verb: "list", key: prefix, create: false });
    },
    sweepUploads: inner.sweepUploads?.bind(inner),
    sync: inner.sync?.bind(inner),
  };
}

/** Records calls as `put create` and `list`. */
export function recordCalls(calls: string[]): Hooks {
  return { before: ({ verb, create }) => void calls.push(create ? `${verb} create` : verb) };
}
