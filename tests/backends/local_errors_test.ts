import fs from "node:fs";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { forEachAtOnce } from "../../core/work/at_once.ts";
import { type ErrorCode, RegistryError, type RetryAdvice } from "../../core/errors.ts";
import {
  assertHolds,
  chunked,
  listed,
  putAll,
  sampleBytes,
  text,
} from "../conformance/backend/samples.ts";
import { canMount, smallDisk } from "../support/small_disk.ts";
import { IS_QUICK } from "../support/seeds.ts";
import { tempRoot, testInRoot } from "../support/temp_root.ts";
import { fsError, withPatchedFs } from "./patched_fs.ts";

const SAID: Record<string, [code: ErrorCode, retry: RetryAdvice, state: string]> = {
  ENOSPC: ["Unavailable", "never", "the disk is full"],
  EDQUOT: ["Unavailable", "never", "the disk quota is used up"],
  EACCES: ["Denied", "never", "permission denied"],
  EPERM: ["Denied", "never", "permission denied"],
  EROFS: ["Denied", "never", "read-only"],
  EMFILE: ["Unavailable", "later", "too many open files"],
  ENFILE: ["Unavailable", "later", "too many open files"],
  EIO: ["Unavailable", "later", "failed to read or write"],
  ESTALE: ["Unavailable", "later", "stale NFS file handle"],
  ETIMEDOUT: ["Unavailable", "later", "the server of this folder does not answer"],
  EBUSY: ["Unavailable", "later", "another process is using it"],
  EXDEV: ["Unsupported", "never", "several file systems"],
  ENAMETOOLONG: ["Invalid", "never", "too long for this disk"],
  EWHATEVER: ["Unavailable", "later", "the disk reports EWHATEVER"],
};

testInRoot("missing permissions of Node are Denied with a hint", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  const refuse = (message: string) => () => {
    throw Object.assign(new Error(message), { code: "ERR_ACCESS_DENIED" });
  };
  const cases: [name: keyof typeof fs, message: string, hint: string][] = [
    ["fsync", "fsync API is disabled when Permission Model is enabled.", 'durability: "os"'],
    [
      "openSync",
      "Access to this API has been restricted. Use --allow-fs-write.",
      "Use --allow-fs-write.",
    ],
  ];
  for (const [name, message, hint] of cases) {
    const put = () => backend.put("a", text("x"), { mode: "create" });
    const error = await withPatchedFs(
      () => ({ [name]: refuse(message) }),
      () => assertRejects(put, RegistryError),
    );
    assertEquals([error.code, error.maybeWritten], ["Denied", undefined]);
    assertStringIncludes(error.message, "this program lacks the permission");
    assertStringIncludes(error.hint!, hint);
  }
  assertEquals(await listed(backend, ""), []);
});

for (const [said, [code, retry, state]] of Object.entries(SAID)) {
  Deno.test(`${said} is ${code} with key and folder`, async () => {
    const root = await tempRoot();
    try {
      const backend = createLocalBackend({ path: root.path, durability: "os" });
      await putAll(backend, ["a/b"]);
      const fail = () => {
        throw fsError(said);
      };
      const calls: [keyof typeof fs, () => Promise<unknown>][] = [
        ["openSync", () => backend.get("a/b")],
        ["openSync", () => backend.put("a/b", text("x"))],
        ["writeSync", () => backend.put("a/b", chunked(text("x"), 1))],
        ["renameSync", () => backend.put("a/b", text("x"))],
        ["mkdirSync", () => backend.put("b/c", text("x"), { mode: "create" })],
        ["unlinkSync", () => backend.delete("a/b")],
        ["lstatSync", () => backend.head("a/b")],
        ["lstatSync", () => listed(backend, "")],
        ["readdirSync", () => listed(backend, "a/")],
      ];
      for (const [name, call] of calls) {
        const error = await withPatchedFs(
          () => ({ [name]: fail }),
          () => assertRejects(call, RegistryError),
        );
        assertEquals([error.code, error.retry], [code, retry], name);
        assertStringIncludes(error.message, state);
        assert(error.message.endsWith(` (in ${root.path})`), error.message);
        assert(error.hint !== undefined && !error.message.includes("file system says"));
        assertEquals(error.backend, backend.location);
        assert(error.key !== undefined && error.cause !== undefined);
      }
      await assertHolds(backend, "a/b", text("a/b"));
      assertEquals(await listed(backend, ""), ["a/b"]);
    } finally {
      await root.remove();
    }
  });
}

testInRoot("a missing permission of Deno is Denied with its name", async (root) => {
  const backend = createLocalBackend({ path: root.path, durability: "os" });
  await putAll(backend, ["a/b"]);
  const fail = () => {
    throw Object.assign(
      new Error('Requires write access to "x", run again with the --allow-write flag'),
      { name: "NotCapable" },
    );
  };
  const calls: [keyof typeof fs, () => Promise<unknown>][] = [
    ["existsSync", () => backend.put("a/b", text("x"), { mode: "create" })],
    ["openSync", () => backend.put("a/c", text("x"), { mode: "create" })],
    ["openSync", () => backend.get("a/b")],
    ["readdirSync", () => listed(backend, "")],
    ["unlinkSync", () => backend.delete("a/b")],
  ];
  for (const [name, call] of calls) {
    const error = await withPatchedFs(
      () => ({ [name]: fail }),
      () => assertRejects(call, RegistryError),
    );
    assertEquals(error.code, "Denied");
    assertStringIncludes(error.hint!, "--allow-write");
  }
  await assertHolds(backend, "a/b", text("a/b"));
});

testInRoot("other errors are unchanged", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  await backend.put("a", text("a"));
  const broken = new TypeError("a bug");
  const fail = () => {
    throw broken;
  };
  const error = await withPatchedFs(
    () => ({ openSync: fail }),
    () => assertRejects(() => backend.get("a")),
  );
  assertEquals(error, broken);
});

testInRoot("a truncated file is Corrupt", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  for (const size of [1000, 3_000_000]) {
    await backend.put("a/b", sampleBytes(size));
    const object = await withPatchedFs(
      (real) => ({
        fstatSync: (file: number) => {
          const stats = real.fstatSync(file);
          stats.size++;
          return stats;
        },
      }),
      async () => {
        const error = await assertRejects(
          async () => await (await backend.get("a/b"))!.bytes(),
          RegistryError,
        );
        assertEquals([error.code, error.key], ["Corrupt", "a/b"]);
        return await backend.get("a/b").catch(() => undefined);
      },
    );
    if (size > 1_000_000) {
      assertEquals((await assertRejects(() => object!.bytes(), RegistryError)).code, "Conflict");
    }
  }
});

Deno.test({
  name: "a full disk is Unavailable, leaves nothing and loses nothing",
  ignore: !canMount,
  fn: async () => {
    const disk = await smallDisk(1 << 20);
    try {
      for (const durability of ["disk", "os"] as const) {
        const backend = createLocalBackend({ path: disk.join("store"), durability });
        await backend.put("a/old", sampleBytes(100_000));
        const bodies = [
          sampleBytes(2 << 20),
          new Blob([sampleBytes(2 << 20)]),
          chunked(sampleBytes(2 << 20), 10_000),
        ];
        for (const body of bodies) {
          for (const [key, mode] of [["a/old", "overwrite"], ["b/new", "create"]] as const) {
            if (body instanceof ReadableStream && mode === "create") continue;
            const error = await assertRejects(
              () => backend.put(key, body, { mode }),
              RegistryError,
            );
            assertEquals([error.code, error.retry, error.maybeWritten], [
              "Unavailable",
              "never",
              undefined,
            ]);
            assertStringIncludes(error.hint!, "Free space");
          }
        }
        assertEquals(fs.readdirSync(disk.join("store", ".stage")), []);
        assertEquals(await listed(backend, ""), ["a/old"]);
        await assertHolds(backend, "a/old", sampleBytes(100_000));
        fs.writeFileSync(disk.join("room"), sampleBytes(100_000));
        fs.rmSync(disk.join("room"));
        await backend.put("a/small", text("there is room for this"));
        await backend.delete("a/small");
      }
    } finally {
      await disk.remove();
    }
  },
});

for (const [what, atOnce] of [["at once", 40], ["one after others", 4]] as const) {
  Deno.test({
    name: `many overwrites ${what} that free space share the last blocks of a full disk`,
    ignore: !canMount || IS_QUICK,
    fn: async () => {
      for (const blocks of [1, 2]) await overwriteAll({ atOnce, blocks });
    },
  });
}

Deno.test({
  name: "a write that failed takes no space, even while another program has its file open",
  ignore: !canMount,
  fn: async () => {
    const disk = await smallDisk(1 << 20);
    const backend = createLocalBackend({ path: disk.path });
    const stages = disk.join(".stage");
    const opened: number[] = [];
    const body = async function* () {
      for (let n = 0; n < 200; n++) {
        yield sampleBytes(10_000);
        if (n === 1) opened.push(fs.openSync(join(stages, fs.readdirSync(stages)[0]!), "r"));
      }
    };
    const put = () => backend.put("a/large", ReadableStream.from(body()));
    try {
      const error = await assertRejects(put, RegistryError);
      assertStringIncludes(error.message, "the disk is full");
      assertEquals(opened.length, 1);
      await backend.put("a/next", sampleBytes(800_000));
    } finally {
      for (const file of opened) fs.closeSync(file);
      await disk.remove();
    }
  },
});

/** Overwrites objects on a disk with a few free blocks. */
async function overwriteAll({ atOnce, blocks }: { atOnce: number; blocks: number }) {
  const disk = await smallDisk(1 << 21);
  try {
    const backend = createLocalBackend({ path: disk.join("store"), durability: "disk" });
    const keys = Array.from({ length: 160 }, (_, i) => `a/${i}`);
    await putAll(backend, keys);
    const filler = disk.join("filler");
    fs.writeFileSync(filler, "");
    while (fs.statfsSync(disk.path).bavail > blocks) {
      fs.appendFileSync(filler, sampleBytes(4096));
    }
    const put = async (key: string) => {
      await backend.put(key, text("less"), { mode: "overwrite", useReserve: true });
    };
    await forEachAtOnce(keys, put, { concurrency: atOnce });
    for (const key of keys) await assertHolds(backend, key, text("less"));
  } finally {
    await disk.remove();
  }
}

Deno.test({
  name: "a read-only disk can be read, and writes are Denied",
  ignore: !canMount,
  fn: async () => {
    const disk = await smallDisk(1 << 20);
    try {
      const backend = createLocalBackend({ path: disk.path });
      await putAll(backend, ["a/b"]);
      await promisify(execFile)("mount", ["-o", "remount,ro", disk.path]);
      await assertHolds(backend, "a/b", text("a/b"));
      assertEquals(await listed(backend, ""), ["a/b"]);
      for (
        const call of [
          () => backend.put("a/c", text("x"), { mode: "create" }),
          () => backend.delete("a/b"),
        ]
      ) {
        const error = await assertRejects(call, RegistryError);
        assertEquals(error.code, "Denied");
        assertStringIncludes(error.message, "read-only");
      }
    } finally {
      await disk.remove();
    }
  },
});
