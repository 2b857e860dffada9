import fs from "node:fs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import type { Backend } from "../../core/backend.ts";
import { RegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import {
  assertHolds,
  assertMissing,
  listed,
  putAll,
  sampleBytes,
  text,
} from "../conformance/backend/samples.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { fsError, type FsPatch, withPatchedFs } from "./patched_fs.ts";

function test(name: string, run: (backend: Backend, root: TempRoot) => Promise<void>): void {
  testInRoot(name, (root) => run(createLocalBackend({ path: root.path, durability: "os" }), root));
}

const stageFiles = (root: TempRoot) => fs.readdirSync(root.join(".stage"));

/** Empties the stage at the first call of this function. */
function sweepAt(name: "linkSync" | "renameSync", root: TempRoot) {
  let calls = 0;
  return (real: typeof fs): FsPatch => ({
    [name]: (from: string, to: string) => {
      if (calls++ === 0) {
        for (const file of stageFiles(root)) real.unlinkSync(root.join(".stage", file));
      }
      real[name](from, to);
    },
  });
}

for (const [mode, name] of [["create", "linkSync"], ["overwrite", "renameSync"]] as const) {
  test(`${mode} without its stage file is Unknown`, async (backend, root) => {
    await putAll(backend, ["a/other"]);
    let opened = 0;
    const error = await withPatchedFs(
      (real) => ({
        ...sweepAt(name, root)(real),
        openSync: (path: string, flags: string) => {
          if (flags === "wx") opened++;
          return real.openSync(path, flags);
        },
      }),
      () => assertRejects(() => backend.put("a/b", text("x"), { mode }), RegistryError),
    );
    assertEquals([error.code, error.retry, error.key], ["Unknown", "unknown", "a/b"]);
    assert(error.hint !== undefined);
    assertEquals(opened, 1);
    await assertMissing(backend, "a/b");
  });

  test(`${mode} creates its folder again after its removal`, async (backend, root) => {
    let removed = 0;
    await withPatchedFs(
      (real) => ({
        [name]: (from: string, to: string) => {
          if (removed++ < 3) real.rmSync(root.join("a"), { recursive: true });
          real[name](from, to);
        },
      }),
      () => backend.put("a/b/c", text("x"), { mode }),
    );
    assertEquals(removed, 4);
    await assertHolds(backend, "a/b/c", text("x"));
    assertEquals(stageFiles(root), []);
  });
}

test("a folder that always vanishes is Unavailable", async (backend, root) => {
  const error = await withPatchedFs(
    (real) => ({
      linkSync: (from: string, to: string) => {
        real.rmSync(root.join("a"), { recursive: true });
        real.linkSync(from, to);
      },
    }),
    () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
  );
  assertEquals(error.code, "Unavailable");
  assertEquals(stageFiles(root), []);
});

test("a disk without hard links is Unsupported with a hint", async (backend, root) => {
  for (const code of ["EPERM", "EOPNOTSUPP", "ENOTSUP", "EXDEV"]) {
    const fail = () => {
      throw fsError(code);
    };
    const error = await withPatchedFs(
      () => ({ linkSync: fail }),
      () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
    );
    assertEquals(error.code, "Unsupported");
    assert(error.hint?.includes('locking: "file"'));
  }
  assertEquals(stageFiles(root), []);
  await assertMissing(backend, "a/b");
});

test("a failure after the link is maybe written", async (backend, root) => {
  const fail = () => {
    throw fsError("EIO");
  };
  const error = await withPatchedFs(
    (real) => ({
      linkSync: (from: string, to: string) => {
        real.linkSync(from, to);
        Object.assign(fs, { fstatSync: fail });
      },
      fstatSync: real.fstatSync,
    }),
    () => assertRejects(() => backend.put("a/b", text("x"), { mode: "create" }), RegistryError),
  );
  assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
  await assertHolds(backend, "a/b", text("x"));
  assertEquals(stageFiles(root), []);
});

test("sweepUploads() removes old stage files and no foreign ones", async (backend, root) => {
  await putAll(backend, ["a/b"]);
  const name = realSystem.id();
  fs.writeFileSync(root.join(".stage", name), sampleBytes(1000));
  const strangers = ["left", "notes.txt", `${realSystem.id()}.txt`, `x${realSystem.id()}`];
  for (const stranger of strangers) fs.writeFileSync(root.join(".stage", stranger), "");
  const folder = realSystem.id();
  fs.mkdirSync(root.join(".stage", folder));
  const at = Math.floor(fs.statSync(root.join(".stage", name)).ctimeMs);
  const sweep = async (olderThan: number, dryRun = false) => {
    const found = [];
    for await (const upload of backend.sweepUploads!({ olderThan, dryRun })) found.push(upload);
    return found;
  };
  const left = { key: `.stage/${name}`, startedAt: at, size: 1000 };
  assertEquals(await sweep(at - 1000), []);
  assertEquals(await sweep(at + 10_000, true), [left]);
  assertEquals(await sweep(at + 10_000), [left]);
  assertEquals(await sweep(at + 10_000), []);
  assertEquals(stageFiles(root).sort(), [...strangers, folder].sort());
  assertEquals(await listed(backend, ""), ["a/b"]);
});

test("sweepUploads() of a new store finds nothing", async (backend) => {
  for await (const upload of backend.sweepUploads!({ olderThan: Infinity })) {
    assertEquals(upload, undefined);
  }
});

test("a running upload is younger than its last byte", async (backend, root) => {
  const past = new Date(Date.UTC(2001, 0));
  let looked = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const [file] = stageFiles(root);
      fs.utimesSync(root.join(".stage", file), past, past); // not the time that counts
      for await (const upload of backend.sweepUploads!({ olderThan: Date.UTC(2002, 0) })) {
        assertEquals(upload, undefined);
      }
      controller.enqueue(text("x"));
      if (++looked === 3) controller.close();
    },
  }, { highWaterMark: 0 });
  await backend.put("a/b", body);
  await assertHolds(backend, "a/b", text("xxx"));
});
