// A binding that counts its calls, and fails some of them.
import type { R2Binding } from "../../../backends/r2.ts";
import { realSystem } from "../../../core/system.ts";

export interface Watching {
  /** The share of calls that fail, are late, or are done but not answered. */
  faults: number;
  /** Further calls are refused, as by a plan. */
  mostCalls: number;
}

export interface Watched {
  bucket: R2Binding;
  /** The number of calls of each method. */
  calls: Record<string, number>;
}

export function watched(bucket: R2Binding, { faults, mostCalls }: Watching): Watched {
  const calls: Record<string, number> = {};
  let left = mostCalls;
  async function call<T>(method: string, run: () => Promise<T>): Promise<T> {
    calls[method] = (calls[method] ?? 0) + 1;
    if (--left < 0) throw new Error("Too many subrequests by single Worker invocation.");
    const fault = realSystem.random() < faults ? Math.floor(realSystem.random() * 3) : undefined;
    if (fault === 0) throw new Error(`${method}: Internal error; try again. (10001)`);
    if (fault === 1) await realSystem.sleep(300);
    const answer = await run();
    if (fault === 2) throw new Error("Network connection lost.");
    return answer;
  }
  const watchedBucket: R2Binding = {
    head: (...given) => call("head", () => bucket.head(...given)),
    get: (...given) => call("get", () => bucket.get(...given)),
    put: (...given) => call("put", () => bucket.put(...given)),
    delete: (...given) => call("delete", () => bucket.delete(...given)),
    list: (...given) => call("list", () => bucket.list(...given)),
    async createMultipartUpload(...given) {
      const upload = await call(
        "createMultipartUpload",
        () => bucket.createMultipartUpload(...given),
      );
      return {
        uploadPart: (...part) => call("uploadPart", () => upload.uploadPart(...part)),
        complete: (parts) => call("complete", () => upload.complete(parts)),
        abort: () => call("abort", () => upload.abort()),
      };
    },
  };
  return { bucket: watchedBucket, calls };
}
