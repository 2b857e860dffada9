import fs from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { detectLocking } from "../../../backends/local/lock.ts";
import { ownCalls } from "../../../disk/disk_calls.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { chunked, listed, putAll, sampleBytes, text } from "../../conformance/backend/samples.ts";
import { kindsOfShare } from "../../support/seeds.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { LOCKINGS } from "./lockings.ts";
import { fsError, type FsPatch, withPatchedFs } from "../patched_fs.ts";

const CALLS = [
  "openSync",
  "closeSync",
  "readSync",
  "writeSync",
  "fstatSync",
  "lstatSync",
  "statSync",
  "mkdirSync",
  "linkSync",
  "renameSync",
  "unlinkSync",
  "rmdirSync",
  "readdirSync",
] as const;

/** Fails the call with this number. `made` is the number of calls. */
function failingAt(at: number, made: { calls: number }) {
  const next = () => {
    if (made.calls++ === at) throw fsError("EIO");
  };
  const patchNode = (real: typeof fs): FsPatch => {
    const patch: Record<string, unknown> = {};
    for (const name of CALLS) {
      const call = real[name] as (...args: unknown[]) => unknown;
      patch[name] = (...args: unknown[]) => {
        if (name === "closeSync") call(...args); // closed, whatever it says
        next();
        return name === "closeSync" ? undefined : call(...args);
      };
    }
    const { native } = real.realpathSync;
    patch.realpathSync = Object.assign((path: string) => real.realpathSync(path), {
      native: (path: string) => (next(), native(path)),
    });
    patch.fsync = (_: number, done: (error: Error | null) => void) => {
      done(made.calls++ === at ? fsError("EIO") : null); // no test waits for a disk
    };
    return patch;
  };
  return { patchNode, own: ownCalls.deno && failing(ownCalls.deno, next) };
}

/** Deno's calls. Each calls `next` first. Deno's errors also have the code of the system. */
function failing(real: NonNullable<typeof ownCalls.deno>, next: () => void): typeof real {
  return {
    lstatSync: (path) => (next(), real.lstatSync(path)),
    statSync: (path) => (next(), real.statSync(path)),
    readDir: (path) => (next(), real.readDir(path)),
    readDirSync: (path) => (next(), real.readDirSync(path)),
    openSync(path) {
      next();
      const file = real.openSync(path);
      return {
        statSync: () => (next(), file.statSync()),
        readSync: (bytes) => (next(), file.readSync(bytes)),
        seekSync: (offset, whence) => (next(), file.seekSync(offset, whence)),
        close: () => file.close(),
      };
    },
  };
}

const SMALL = "names/a/versions/final/o87p9p9/9007199254740990.rec";
const LARGE = "objects/a/o87p9p9/01951e2f-6c00-7abc-8def-0123456789ab/0";
const NEW = "names/new/versions/prerelease/p9p9p9b1/9007199254740990.rec";

const ACTIONS: Record<string, (backend: Backend, path: string) => Promise<unknown>> = {
  head: (backend) => backend.head(SMALL),
  "get small": async (backend) => await (await backend.get(SMALL))?.bytes(),
  "get large": async (backend) => await (await backend.get(LARGE))?.bytes(),
  create: (backend) => backend.put(NEW, text("x"), { mode: "create" }),
  "create taken": (backend) => backend.put(SMALL, text("x"), { mode: "create" }),
  overwrite: (backend) => backend.put(SMALL, text("new")),
  "put stream": (backend) => backend.put("a/s", chunked(sampleBytes(3000), 1000)),
  delete: (backend) => backend.delete("d/e/f"),
  list: (backend) => listed(backend, ""),
  "list folders": (backend) => listed(backend, "", { delimiter: "/" }),
  "list heads": (backend) => listed(backend, "names/", { firstPerFolder: true }),
  first: async (backend) => await (await backend.getFirst!("names/a/versions/"))?.bytes(),
  sweep: (backend) => Array.fromAsync(backend.sweepUploads!({ olderThan: Infinity })),
  sync: (backend) => backend.sync?.([SMALL, "d/e/f"]) ?? Promise.resolve(),
  detectLocking: (_, path) => detectLocking(`${path}-new`),
};

const MODES = LOCKINGS.flatMap((locking) =>
  [true, false].filter((own) => !own || ownCalls.deno !== undefined).map((own) =>
    [locking, own] as const
  )
);
for (const [locking, own] of kindsOfShare("every call", MODES)) {
  const durability = locking === "link" ? "disk" : "os";
  const calls = own ? "Deno's" : "node:fs";
  const sentence = "each failing file system call is a RegistryError";
  Deno.test(`${sentence} (${durability}, ${locking}, ${calls})`, async () => {
    for (const [name, action] of Object.entries(ACTIONS)) {
      for (let at = 0, more = true; more; at++) {
        const root = await tempRoot();
        try {
          const path = root.join("store");
          await putAll(createLocalBackend({ path, durability: "os", locking }), [SMALL, "d/e/f"]);
          await createLocalBackend({ path, durability: "os" }).put(LARGE, sampleBytes(1_100_000));
          fs.writeFileSync(root.join("store", ".stage", realSystem.id()), "left");
          const made = { calls: 0 };
          const backend = createLocalBackend({ path, durability, locking });
          const patch = failingAt(at, made);
          const outcome = await withPatchedFs(
            patch.patchNode,
            () => action(backend, path).then(() => undefined, (error) => error),
            own ? patch.own : undefined,
          );
          const where = `${name}, call ${at}: ${outcome}`;
          assert(outcome === undefined || isRegistryError(outcome), where);
          if (
            outcome?.code === "Unavailable" && outcome.maybeWritten !== true && name === "create"
          ) {
            assertEquals(await backend.head(NEW), undefined, where);
          }
          more = made.calls > at;
        } finally {
          await root.remove();
        }
      }
    }
  });
}
