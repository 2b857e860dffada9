// A backend that counts what it is asked.
import type { Backend } from "../../core/backend.ts";
import { like } from "../simulate/stores/like.ts";

export interface CallCounts {
  counts: Record<string, number>;
  take(): string;
}

export function withCounts(inner: Backend): { backend: Backend; calls: CallCounts } {
  const counts: Record<string, number> = {};
  const count = (verb: string) => {
    counts[verb] = (counts[verb] ?? 0) + 1;
  };
  const backend: Backend = {
    ...like(inner),
    reopen: inner.reopen,
    head: (key, options) => (count("head"), inner.head(key, options)),
    get: (key, options) => (count("get"), inner.get(key, options)),
    put: (key, body, options) => (count("put"), inner.put(key, body, options)),
    delete: (key, options) => (count("delete"), inner.delete(key, options)),
    list: (prefix, options) => (count("list"), inner.list(prefix, options)),
    deleteMany: inner.deleteMany &&
      ((keys, options) => (count("deleteMany"), inner.deleteMany!(keys, options))),
    presign: inner.presign && ((key, options) => (count("presign"), inner.presign!(key, options))),
    copy: inner.copy && ((from, to, options) => (count("copy"), inner.copy!(from, to, options))),
    sweepUploads: inner.sweepUploads &&
      ((options) => (count("sweepUploads"), inner.sweepUploads!(options))),
    sync: inner.sync && ((keys, options) => (count("sync"), inner.sync!(keys, options))),
    getFirst: inner.getFirst &&
      ((prefix, options) => (count("getFirst"), inner.getFirst!(prefix, options))),
  };
  const calls: CallCounts = {
    counts,
    take() {
      const text = Object.entries(counts).map(([verb, times]) => `${verb} ${times}`).join(", ") ||
        "none";
      for (const verb of Object.keys(counts)) delete counts[verb];
      return text;
    },
  };
  return { backend, calls };
}
