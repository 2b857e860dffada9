import fs from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { createLocalBackend, detectLocking } from "../../../backends/local.ts";
import type { Backend } from "../../../core/backend.ts";
import { isRegistryError } from "../../../core/errors.ts";
import { realSystem } from "../../../core/system.ts";
import { chunked, listed, putAll, sampleBytes, text } from "../../conformance/backend/samples.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { LOCKINGS } from "./lockings.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";
import type { FsPatch } from "../patched_fs.ts";

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

/** Lets the call with this number fail; `made` tells how many there were. */
function failingAt(at: number, made: { calls: number }) {
  return (real: typeof fs): FsPatch => {
    const patch: Record<string, unknown> = {};
    const next = () => {
      if (made.calls++ === at) throw fsError("EIO");
    };
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
}

const ACTIONS: Record<string, (backend: Backend, path: string) => Promise<unknown>> = {
  head: (backend) => backend.head("a/b"),
  "get small": async (backend) => await (await backend.get("a/b"))?.bytes(),
  "get large": async (backend) => await (await backend.get("a/large"))?.bytes(),
  create: (backend) => backend.put("n/e/w", text("x"), { mode: "create" }),
  "create taken": (backend) => backend.put("a/b", text("x"), { mode: "create" }),
  overwrite: (backend) => backend.put("a/b", text("new")),
  "put stream": (backend) => backend.put("a/s", chunked(sampleBytes(3000), 1000)),
  delete: (backend) => backend.delete("d/e/f"),
  list: (backend) => listed(backend, ""),
  "list folders": (backend) => listed(backend, "", { delimiter: "/" }),
  sweep: (backend) => Array.fromAsync(backend.sweepUploads!({ olderThan: Infinity })),
  sync: (backend) => backend.sync?.(["a/b", "d/e/f"]) ?? Promise.resolve(),
  detectLocking: (_, path) => detectLocking(`${path}-new`),
};

for (const locking of LOCKINGS) {
  const durability = locking === "link" ? "disk" : "os";
  Deno.test(`whichever call of the file system fails, a RegistryError tells (${durability}, ${locking})`, async () => {
    for (const [name, action] of Object.entries(ACTIONS)) {
      for (let at = 0, more = true; more; at++) {
        const root = await tempRoot();
        try {
          const path = root.join("store");
          await putAll(createLocalBackend({ path, durability: "os", locking }), ["a/b", "d/e/f"]);
          fs.writeFileSync(root.join("store", "a", "large"), sampleBytes(1_100_000));
          fs.writeFileSync(root.join("store", ".stage", realSystem.id()), "left");
          const made = { calls: 0 };
          const backend = createLocalBackend({ path, durability, locking });
          const outcome = await withPatchedFs(
            failingAt(at, made),
            () => action(backend, path).then(() => undefined, (error) => error),
          );
          const where = `${name}, call ${at}: ${outcome}`;
          assert(outcome === undefined || isRegistryError(outcome), where);
          if (outcome?.code === "Unavailable" && outcome.maybeWritten !== true && name === "create") {
            assertEquals(await backend.head("n/e/w"), undefined, where);
          }
          more = made.calls > at;
        } finally {
          await root.remove();
        }
      }
    }
  });
}
