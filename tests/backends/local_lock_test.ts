import fs from "node:fs";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../backends/local.ts";
import { detectLocking } from "../../backends/local/lock.ts";
import { RegistryError } from "../../core/errors.ts";
import { realSystem } from "../../core/system.ts";
import { openRegistry } from "../../mod.ts";
import { assertHolds, assertMissing, assertThrows, text } from "../conformance/backend/samples.ts";
import { testBackend } from "../conformance/mod.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";
import { type TempRoot, testInRoot } from "../support/temp_root.ts";
import { fsError, type FsPatch, withPatchedFs } from "./patched_fs.ts";

let root: TempRoot;

function test(name: string, run: () => Promise<void>): void {
  testInRoot(name, (own) => {
    root = own;
    return run();
  });
}

function open(system = realSystem) {
  return createLocalBackend({
    path: root.join("store"),
    durability: "os",
    locking: "file",
    system,
  });
}

/** The lock, as another process would hold it. */
async function lockedElsewhere(run: (unlock: () => void) => Promise<void>): Promise<void> {
  fs.mkdirSync(root.join("store"), { recursive: true });
  const file = await Deno.open(root.join("store", ".lock"), { create: true, write: true });
  try {
    await file.lock(true);
    await run(() => file.unlockSync());
  } finally {
    file.close();
  }
}

testBackend(test, () => Promise.resolve(open()), {
  name: "local with file locks",
  capabilities: ["sweepUploads", "getFirst", "reserve", "copy"],
});

test("a writer waits for the lock of another process", async () => {
  await lockedElsewhere(async (unlock) => {
    const system = createScriptedSystem();
    const sleep = (ms: number, signal?: AbortSignal) => {
      if (system.slept.length === 20) unlock();
      return system.sleep(ms, signal);
    };
    for (const mode of ["create", "overwrite"] as const) {
      assert((await open({ ...system, sleep }).put(`a/${mode}`, text("x"), { mode })).written);
    }
    assertEquals(system.slept.length, 21);
    assert(system.slept.every((ms) => ms <= 5));
  });
});

test("an abort ends the wait for the lock", async () => {
  await lockedElsewhere(async () => {
    const reason = new Error("enough");
    const abort = new AbortController();
    const system = createScriptedSystem();
    const sleep = (ms: number, signal?: AbortSignal) => {
      if (system.slept.length === 20) abort.abort(reason);
      return system.sleep(ms, signal);
    };
    const backend = open({ ...system, sleep });
    await assertThrows(
      backend.put("a/b", text("x"), { mode: "create", signal: abort.signal }),
      reason,
    );
    await assertMissing(backend, "a/b");
    assertEquals(fs.readdirSync(root.join("store", ".stage")), []);
  });
});
test("a reader does not wait for the lock", async () => {
  await open().put("a/b", text("x"));
  await lockedElsewhere(async () => {
    await assertHolds(open(), "a/b", text("x"));
    await open().delete("a/b");
  });
});

/** Links this file to the key just before a writer gives its stage file that key. */
function linkedBefore(key: string, file: string) {
  const path = root.join("store", key);
  return (real: typeof fs): FsPatch => {
    const first = (to: string) => {
      if (to === path && !real.existsSync(path)) real.linkSync(file, path);
    };
    return {
      linkSync: (from: string, to: string) => {
        first(to);
        real.linkSync(from, to);
      },
      renameSync: (from: string, to: string) => {
        first(to);
        real.renameSync(from, to);
      },
    };
  };
}

test("a create under the lock does not replace a new link", async () => {
  const backend = open();
  await backend.put("a/other", text("x"));
  fs.writeFileSync(root.join("linked"), "linked");
  const result = await withPatchedFs(
    linkedBefore("a/b", root.join("linked")),
    () => backend.put("a/b", text("under the lock"), { mode: "create" }),
  );
  assertEquals(result, { written: false, reason: "exists" });
  await assertHolds(backend, "a/b", text("linked"));
  assertEquals(fs.readdirSync(root.join("store", ".stage")), []);
});

test("one of two lockings wins a new registry", async () => {
  const settings = "settings/9007199254740990.rec";
  await (await openRegistry(root.join("other"), { locking: "link" }))[Symbol.asyncDispose]();
  const error = await withPatchedFs(
    linkedBefore(settings, root.join("other", settings)),
    () => assertRejects(() => openRegistry(root.join("store"), { locking: "file" }), RegistryError),
  );
  assertEquals(error.code, "Invalid");
  assertEquals(
    fs.readFileSync(root.join("store", settings)),
    fs.readFileSync(root.join("other", settings)),
  );
});

test("a create under the lock needs no links", async () => {
  for (const code of ["EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS"]) {
    const fail = () => {
      throw fsError(code);
    };
    await withPatchedFs(() => ({ linkSync: fail }), async () => {
      const create = (bytes: Uint8Array) => open().put(`a/${code}`, bytes, { mode: "create" });
      assert((await create(text("one"))).written);
      assertEquals(await create(text("two")), { written: false, reason: "exists" });
      // The create looks after it gets the lock.
      const late = new ReadableStream<Uint8Array>({ start: (controller) => controller.close() });
      assertEquals(await open().put(`a/${code}`, late, { mode: "create" }), {
        written: false,
        reason: "exists",
      });
    });
    await assertHolds(open(), `a/${code}`, text("one"));
  }
});

test("a failure gives the lock back", async () => {
  const backend = open();
  const fail = () => {
    throw fsError("EIO");
  };
  await withPatchedFs(
    () => ({ renameSync: fail }),
    () => assertRejects(() => backend.put("a/b", text("x"))),
  );
  assert((await backend.put("a/b", text("x"), { mode: "create" })).written);
});

test("detectLocking() finds links without creating objects", async () => {
  assertEquals(await detectLocking(root.join("store")), "link");
  assertEquals(fs.readdirSync(root.join("store"), { recursive: true }), [".stage"]);
});

test("detectLocking() finds file locks without links", async () => {
  for (const code of ["EPERM", "EOPNOTSUPP", "ENOTSUP", "ENOSYS"]) {
    const fail = () => {
      throw fsError(code);
    };
    const path = root.join(code);
    assertEquals(
      await withPatchedFs(() => ({ linkSync: fail }), () => detectLocking(path)),
      "file",
    );
    assertEquals(fs.readdirSync(path, { recursive: true }), [".stage"]);
  }
});

test("detectLocking() of a store in use writes nothing", async () => {
  await createLocalBackend({ path: root.join("links") }).put("a/b", text("x"));
  await open().put("a/b", text("x"));
  const fail = () => {
    throw fsError("EROFS");
  };
  await withPatchedFs(
    () => ({ mkdirSync: fail, writeFileSync: fail, linkSync: fail }),
    async () => {
      assertEquals(await detectLocking(root.join("links")), "link");
      assertEquals(await detectLocking(root.join("store")), "file");
    },
  );
});

test("detectLocking() of an unusable path is an error", async () => {
  const fail = () => {
    throw fsError("EACCES");
  };
  const denied = () =>
    withPatchedFs(
      () => ({ mkdirSync: fail, writeFileSync: fail }),
      () => detectLocking(root.join("store")),
    );
  assertEquals((await assertRejects(denied, RegistryError)).code, "Denied");
  fs.writeFileSync(root.join("file"), "");
  assertEquals(
    (await assertRejects(() => detectLocking(root.join("file")), RegistryError)).code,
    "Invalid",
  );
});
