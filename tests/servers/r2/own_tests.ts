// Tests of the R2 backend alone, which run inside the Worker.
import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { openRegistry } from "@holdfast/holdfast";
import { createR2Backend, type R2BackendOptions, type R2Binding } from "../../../backends/r2.ts";
import { probeBackend } from "../../../registry/tools/probe_backend.ts";
import { assertHolds, chunked, sampleBytes, text } from "../../conformance/backend/samples.ts";

const EXISTS = { written: false, reason: "exists" };
const LARGE = sampleBytes(9 * 2 ** 20);
let opened = 0;

function open(bucket: R2Binding, options: R2BackendOptions = {}) {
  return createR2Backend(bucket, { prefix: `own/${++opened}`, retryForMs: 0, ...options });
}

/** A binding whose puts fail with this message, before or after the write. */
function failing(bucket: R2Binding, message: string, after: boolean): R2Binding {
  return {
    head: (key) => bucket.head(key),
    get: (key, options) => bucket.get(key, options),
    delete: (keys) => bucket.delete(keys),
    list: (options) => bucket.list(options),
    createMultipartUpload: (key, options) => bucket.createMultipartUpload(key, options),
    async put(key, value, options) {
      if (after) await bucket.put(key, value, options);
      throw new Error(message);
    },
  };
}

export const ownTests: Record<string, (bucket: R2Binding) => Promise<void>> = {
  async "r2: the probe finds no fault"(bucket) {
    const { ok: passed, steps } = await probeBackend(open(bucket));
    ok(passed, JSON.stringify(steps));
  },

  async "r2: large creates of known size lose, and leave the object"(bucket) {
    const backend = open(bucket);
    await backend.put("a", text("first"));
    const create = { mode: "create", size: LARGE.byteLength } as const;
    deepStrictEqual(await backend.put("a", chunked(LARGE, 65_536), create), EXISTS);
    deepStrictEqual(await backend.put("a", new Blob([LARGE]), { mode: "create" }), EXISTS);
    await assertHolds(backend, "a", text("first"));
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => backend.put("b", chunked(LARGE, 65_536), create)),
    );
    strictEqual(results.filter(({ written }) => written).length, 1);
    await assertHolds(backend, "b", LARGE);
  },

  async "r2: a large body of another size is Invalid, and leaves nothing"(bucket) {
    const backend = open(bucket);
    for (const size of [LARGE.byteLength - 1, LARGE.byteLength + 1]) {
      await rejects(backend.put("a", chunked(LARGE, 65_536), { size }), { code: "Invalid" });
    }
    strictEqual(await backend.head("a"), undefined);
  },

  async "r2: creates of more than 32 MiB of unknown size are Unsupported"(bucket) {
    const backend = open(bucket);
    const body = chunked(new Uint8Array(32 * 2 ** 20 + 1), 2 ** 20);
    await rejects(backend.put("a", body, { mode: "create" }), {
      code: "Unsupported",
      hint: "Pass `size`.",
    });
    strictEqual(await backend.head("a"), undefined);
  },

  async "r2: a put without an answer may be written, a refused one is not"(bucket) {
    for (
      const [message, maybeWritten] of [
        ["put: We encountered an internal error. Please try again. (10001)", true],
        ["Network connection lost.", true],
        ["put: Too many requests (10058)", undefined],
        ["Too many subrequests by single Worker invocation.", undefined],
      ] as const
    ) {
      for (const body of [text("x"), chunked(LARGE, 65_536)]) {
        const backend = open(failing(bucket, message, true));
        await rejects(
          backend.put("a", body, {
            mode: "create",
            size: body instanceof Uint8Array ? 1 : LARGE.byteLength,
          }),
          (error: { code?: string; maybeWritten?: boolean }) =>
            error.code === "Unavailable" && error.maybeWritten === maybeWritten,
        );
      }
    }
  },

  async "r2: a put that answers nothing may be written"(bucket) {
    const backend = open({
      ...failing(bucket, "", true),
      put: (...given) => bucket.put(...given).then(() => undefined as never),
    });
    await rejects(
      backend.put("a", text("x"), { mode: "create" }),
      ({ code, maybeWritten }: { code?: string; maybeWritten?: boolean }) =>
        code === "Unavailable" && maybeWritten === true,
    );
  },

  async "r2: a save whose answer is lost is found, and saved once"(bucket) {
    const prefix = `own/lost/${++opened}`;
    await using registry = await openRegistry(open(bucket, { prefix }));
    await registry.save("a", 1);
    const lost = failing(bucket, "put: Internal error (10001)", true);
    await using again = await openRegistry(open(lost, { prefix }));
    strictEqual((await again.save("a", 2)).version, "2.0.0");
    deepStrictEqual(await registry.load("a"), 2);
    strictEqual((await registry.info("a")).version, "2.0.0");
  },

  async "r2: an object has the name that S3 clients use"(bucket) {
    const backend = open(bucket, { prefix: "/team a/b/" });
    await backend.put("c/d", text("x"));
    strictEqual((await bucket.head("team a/b/c/d"))?.size, 1);
    deepStrictEqual(backend.location.replace(/:\d+/, ":1"), "r2:1/team%20a/b");
  },

  async "r2: anything but a binding is Invalid"() {
    await Promise.resolve();
    for (const wrong of [undefined, "BUCKET", {}]) {
      try {
        createR2Backend(wrong as unknown as R2Binding);
      } catch (error) {
        strictEqual((error as { code?: string }).code, "Invalid");
        continue;
      }
      throw new Error("no error");
    }
  },
};
