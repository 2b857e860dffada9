import fs from "node:fs";
import { setImmediate } from "node:timers";
import { assertEquals, assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { RegistryError } from "../../../core/errors.ts";
import { text } from "../../conformance/backend/samples.ts";
import { testInRoot } from "../../support/temp_root.ts";
import { fsError, withPatchedFs } from "../patched_fs.ts";

type Done = (error: Error | null) => void;

/** Holds every sync of one folder until it is let go. */
class HeldSyncs {
  readonly #waiting: Done[] = [];
  readonly #arrivals: (() => void)[] = [];
  readonly #folder: string;
  readonly #files = new Set<number>();
  count = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  patch = (real: typeof fs) => ({
    openSync: (path: string, ...rest: [string]) => {
      const file = real.openSync(path, ...rest);
      if (path === this.#folder) this.#files.add(file);
      else this.#files.delete(file);
      return file;
    },
    fsync: (file: number, done: Done) => {
      if (!this.#files.has(file)) return real.fsync(file, done);
      this.count++;
      this.#waiting.push(done);
      this.#arrivals.shift()?.();
    },
  });

  /** Until a sync is held. */
  arrived(): Promise<void> {
    if (this.#waiting.length > 0) return Promise.resolve();
    return new Promise((resolve) => this.#arrivals.push(resolve));
  }

  /** Lets the one that is held go. */
  release(error: Error | null = null): void {
    this.#waiting.shift()!(error);
  }
}

testInRoot("puts during a sync of their folder share the next one", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  await backend.put("a/first", text("x"));
  const syncs = new HeldSyncs(`${root.path}/a`);
  await withPatchedFs(syncs.patch, async () => {
    const done: string[] = [];
    const put = (key: string) =>
      backend.put(key, text("x"), { mode: "create" }).then(() => done.push(key));
    const before = put("a/0");
    await syncs.arrived();
    const links = Array.from({ length: 20 }, (_, i) => `a/${i + 1}`);
    const others = links.map(put);
    while (!links.every((key) => fs.existsSync(`${root.path}/${key}`))) await turn();
    await turn(); // all of them ask for a sync now
    assertEquals([syncs.count, done], [1, []]); // that one began before they were there
    syncs.release();
    await before;
    await syncs.arrived();
    assertEquals([syncs.count, done], [2, ["a/0"]]);
    syncs.release();
    await Promise.all(others);
    assertEquals(syncs.count, 2);
  });
});

testInRoot("a failed sync fails all that share it", async (root) => {
  const backend = createLocalBackend({ path: root.path });
  await backend.put("a/first", text("x"));
  const syncs = new HeldSyncs(`${root.path}/a`);
  await withPatchedFs(syncs.patch, async () => {
    const put = (key: string) => backend.put(key, text("x"), { mode: "create" });
    const before = put("a/0");
    await syncs.arrived();
    const failing = ["a/1", "a/2"].map((key) =>
      assertRejects(() => put(key), RegistryError, "may lose it")
    );
    while (!["a/1", "a/2"].every((key) => fs.existsSync(`${root.path}/${key}`))) await turn();
    await turn(); // all of them ask for a sync now
    syncs.release();
    await before;
    await syncs.arrived();
    syncs.release(fsError("EIO"));
    await Promise.all(failing);
    const after = put("a/3");
    await syncs.arrived();
    syncs.release();
    assertEquals((await after).written, true);
    assertEquals(syncs.count, 3);
  });
});

/** Lets everything else run once. */
function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
