import fs from "node:fs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { ownCalls } from "../../disk/disk_calls.ts";
import type { Backend } from "../../core/backend.ts";
import { readAll } from "../../core/bytes/bytes.ts";
import { RegistryError } from "../../core/errors.ts";
import { assertBytes, sampleBytes } from "../conformance/backend/samples.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { withPatchedFs } from "./patched_fs.ts";

const LARGE = 3_500_000;

function test(name: string, run: (backend: Backend, root: TempRoot) => Promise<void>): void {
  testInRoot(name, (root) => run(createLocalBackend({ path: root.path, durability: "os" }), root));
}

/** The number of files that `run` leaves open. */
async function leftOpen(run: () => Promise<unknown>): Promise<number> {
  let open = 0;
  await withPatchedFs((real) => ({
    openSync: (path: string, flags: string) => {
      const file = real.openSync(path, flags);
      open++;
      return file;
    },
    closeSync: (file: number) => {
      real.closeSync(file);
      open--;
    },
  }), run);
  return open;
}

for (const size of [1000, LARGE]) {
  test(`an object of ${size} bytes leaves no file open`, async (backend) => {
    const bytes = sampleBytes(size);
    const uses: Record<string, () => Promise<unknown>> = {
      "is put": () => backend.put("a/b", bytes),
      "loses": () => backend.put("a/b", bytes, { mode: "create" }),
      "is refused": () => assertRejects(() => backend.put("a/c", bytes, { size: 1 })),
      "is never read": () => Promise.all(Array.from({ length: 50 }, () => backend.get("a/b"))),
      "is read as bytes": async () => await (await backend.get("a/b"))!.bytes(),
      "is read as a stream": async () => await readAll((await backend.get("a/b"))!.body),
      "is cancelled": async () => await (await backend.get("a/b"))!.body.cancel(),
      "is cancelled half way": async () => {
        const reader = (await backend.get("a/b"))!.body.getReader();
        await reader.read();
        await reader.cancel();
      },
      "is aborted": async () => {
        const abort = new AbortController();
        const object = await backend.get("a/b", { signal: abort.signal });
        const reader = object!.body.getReader();
        await reader.read();
        abort.abort();
        await reader.read().catch(() => {});
      },
      "is missing": () => backend.get("a/missing"),
      "has a bad range": () => assertRejects(() => backend.get("a/b", { range: { offset: -1 } })),
    };
    for (const [use, run] of Object.entries(uses)) assertEquals(await leftOpen(run), 0, use);
  });
}

test("a large object that is gone before it is read is a Conflict", async (backend) => {
  for (
    const change of [() => backend.put("a/b", sampleBytes(LARGE, 2)), () => backend.delete("a/b")]
  ) {
    await backend.put("a/b", sampleBytes(LARGE));
    const [first, second] = [await backend.get("a/b"), await backend.get("a/b")];
    await change();
    for (const read of [() => first!.bytes(), () => readAll(second!.body)]) {
      const error = await assertRejects(read, RegistryError);
      assertEquals([error.code, error.key, error.hint], ["Conflict", "a/b", "Read it again."]);
    }
  }
});

test("large objects and ranges of them are read whole", async (backend) => {
  const bytes = sampleBytes(20 * (1 << 20) + 3);
  await backend.put("a/b", bytes);
  for (
    const [offset, length] of [[0, bytes.byteLength], [7, 17_000_001], [12_345_678, 2_000_000]]
  ) {
    const object = await backend.get("a/b", { range: { offset, length } });
    assertBytes(await object!.bytes(), bytes.subarray(offset, offset! + length!));
  }
});

test("large objects need no birth time", async (backend) => {
  await backend.put("a/b", sampleBytes(LARGE));
  const { deno } = ownCalls;
  const unborn = <Info>(info: Info) => ({ ...info, birthtime: null });
  const own = deno && {
    ...deno,
    lstatSync: (path: string) => unborn(deno.lstatSync(path)),
    openSync(path: string) {
      const file = deno.openSync(path);
      return {
        statSync: () => unborn(file.statSync()),
        readSync: (bytes: Uint8Array) => file.readSync(bytes),
        seekSync: (offset: number, whence: number) => file.seekSync(offset, whence),
        close: () => file.close(),
      };
    },
  };
  const patch = (real: typeof fs) => ({
    lstatSync: (path: string) => Object.assign(real.lstatSync(path), { birthtimeMs: 0 }),
    // Deno's node:fs returns 0.
    fstatSync: (file: number) => Object.assign(real.fstatSync(file), { birthtimeMs: 0 }),
  });
  await withPatchedFs(patch, async () => {
    assertBytes(await (await backend.get("a/b"))!.bytes(), sampleBytes(LARGE));
    assertBytes(await readAll((await backend.get("a/b"))!.body), sampleBytes(LARGE));
  }, own);
});
test("a file system without stable inode numbers is refused, not read for ever", async (backend) => {
  await backend.put("a/b", sampleBytes(10));
  const { deno } = ownCalls;
  let ino = 0;
  const own = deno && {
    ...deno,
    lstatSync: (path: string) => ({ ...deno.lstatSync(path), ino: ++ino }),
  };
  const patch = (real: typeof fs) => ({
    lstatSync: (path: string) => Object.assign(real.lstatSync(path), { ino: ++ino }),
  });
  await withPatchedFs(patch, async () => {
    const error = await assertRejects(async () => await backend.get("a/b"), RegistryError);
    assertEquals(error.code, "Unsupported");
    await assertRejects(async () => await backend.getFirst!("a/", {}), RegistryError);
  }, own);
});
test("the time of an object is when it got its key", async (backend, root) => {
  const past = new Date(Date.UTC(2001, 0));
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const [file] = fs.readdirSync(root.join(".stage"));
      fs.utimesSync(root.join(".stage", file), past, past);
      controller.close();
    },
  }, { highWaterMark: 0 });
  const result = await backend.put("a/b", body, { mode: "create" });
  assert(result.written && result.info.modifiedAt > Date.UTC(2020, 0));
  assertEquals(await backend.head("a/b"), result.info);
});
