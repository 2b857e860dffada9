// Clients that run while the power is lost: each repeats one action until it fails.
import { join } from "@std/path";
import { createLocalBackend } from "../../../backends/local.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { realSystem } from "../../../core/system.ts";
import { createLocalFiles } from "../../../files/local.ts";
import type { FileStore } from "../../../core/file_store.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { withAge } from "../../registry/with_age.ts";
import type { Promises } from "./promises.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

export type Durability = "disk" | "os";

export interface PowerClient {
  name: string;
  live(promises: Promises): Promise<void>;
  check(promises: Promises): Promise<string[]>;
}

const WEEK_MS = 7 * 24 * 3_600_000;
const LARGE = 70_000;

const textOf = (label: string, n: number) => n % 3 === 2 ? label.padEnd(LARGE) : label;

export function createClients(root: string, durability: Durability): PowerClient[] {
  const backend = (folder: string) => createLocalBackend({ path: join(root, folder), durability });
  const open = (folder: string) =>
    openRegistry(backend(folder), { mutable: true, retryForMs: 1, cache: false }) as Promise<
      StoredRegistry
    >;
  const shared = (name: string, live: Life, read: Read): PowerClient => ({
    name,
    live: async (promises) => await live(promises, await open("registry")),
    check: async (promises) => {
      const registry = await open("registry");
      return await promises.broken((thing) => read(registry, thing));
    },
  });
  const loaded: Read = async (registry, ref) => {
    const value = await registry.load(ref).catch(undefinedIfMissing);
    return value === undefined ? undefined : String(value).trimEnd();
  };

  return [
    shared("saves of new versions", async (promises, registry) => {
      for (let n = 1;; n++) {
        await promises.make(
          `new@${n}`,
          `value ${n}`,
          () => registry.save("new", textOf(`value ${n}`, n)),
        );
      }
    }, loaded),

    shared("overwrites and deletions", async (promises, registry) => {
      for (let n = 1;; n++) {
        const options = { version: "1", onConflict: "overwrite" } as const;
        await promises.make(
          "kept@1",
          `value ${n}`,
          () => registry.save("kept", textOf(`value ${n}`, n), options),
        );
        if (n % 4 === 0) await promises.make("kept@1", undefined, () => registry.delete("kept@1"));
      }
    }, loaded),

    shared("aliases", async (promises, registry) => {
      for (let n = 1;; n++) {
        await registry.save("aliased", n, { version: String(n) });
        await promises.make(
          "stable",
          `${n}.0.0`,
          () => registry.setAlias("aliased", "stable", String(n)),
        );
      }
    }, async (registry, alias) => (await aliasesOf(registry, "aliased"))[alias]),

    shared("drafts", async (promises, registry) => {
      for (let n = 1;; n++) {
        const draft = await registry.openDraft("drafted", { id: `${n}` });
        for (const part of ["a", "b"]) {
          const files = [{ path: part, content: new TextEncoder().encode(textOf(part, n)) }];
          await promises.make(`${n} ${part}`, "there", () => draft.addPart(part, files));
        }
        await promises.make(`${n}`, "a b", () => draft.commit());
      }
    }, readDraft),

    {
      name: "garbage collection beside overwrites",
      async live(promises) {
        const registry = await open("collected");
        const older = await openRegistry(withAge(backend("collected"), WEEK_MS), {
          retryForMs: 1,
          cache: false,
        });
        for (let n = 1;; n++) {
          const options = { version: "1", onConflict: "overwrite" } as const;
          await promises.make(
            "kept@1",
            `value ${n}`,
            () => registry.save("kept", `value ${n}`.padEnd(LARGE), options),
          );
          const { failures } = await collectGarbage(older);
          if (failures.length > 0) throw new Error(failures[0].message);
        }
      },
      async check(promises) {
        const registry = await open("collected");
        return await promises.broken((thing) => loaded(registry, thing));
      },
    },

    {
      name: "files",
      async live(promises) {
        const files = createLocalFiles({ root: join(root, "files"), durability });
        for (let n = 1;; n++) {
          const bytes = new TextEncoder().encode(textOf(`value ${n}`, n));
          await promises.make("a/kept", `value ${n}`, () => files.write("a/kept", bytes));
          const place = (path: string | undefined, work: () => Promise<unknown>) =>
            promises.make(`file ${n}`, path, work);
          await place(`a/${n}`, () => files.write(`a/${n}`, bytes, { mode: "create" }));
          await place(`to/${n}`, () => files.move(`a/${n}`, `to/${n}`));
          if (n % 2 === 0) await place(undefined, () => files.remove(`to/${n}`));
        }
      },
      async check(promises) {
        const system = { ...realSystem, now: () => realSystem.now() + WEEK_MS };
        const files = createLocalFiles({ root: join(root, "files"), durability: "os", system });
        // brings back what was left
        for (const folder of ["a", "to"]) await files.write(`${folder}/sweep`, new Uint8Array());
        return await promises.broken((thing) => readFile(files, thing));
      },
    },
  ];
}

type Life = (promises: Promises, registry: StoredRegistry) => Promise<void>;
type Read = (registry: StoredRegistry, thing: string) => Promise<string | undefined>;

export async function damageOf(root: string): Promise<string[]> {
  const damage: string[] = [];
  for (const folder of ["registry", "collected"]) {
    const backend = createLocalBackend({ path: join(root, folder), durability: "os" });
    const registry = await openRegistry(backend, { mutable: true, cache: false });
    const { problems } = await verifyRegistry(registry);
    for (const problem of problems) damage.push(`${folder}: ${JSON.stringify(problem)}`);
  }
  return damage;
}

/** Reads a draft: `1 a` is a part of draft 1, `1` its version. A repeated commit tells it. */
async function readDraft(registry: StoredRegistry, thing: string): Promise<string | undefined> {
  const [id, part] = thing.split(" ");
  const draft = await registry.openDraft("drafted", { id });
  const { state, parts } = await draft.info();
  if (part !== undefined && state !== "committed") {
    return parts.some((one) => one.part === part) ? "there" : undefined;
  }
  const committed = await draft.commit().catch(undefinedIfMissing);
  if (committed === undefined) return undefined;
  const texts: string[] = [];
  for (const file of (await registry.open(`drafted@${committed.version}`)).files()) {
    texts.push(new TextDecoder().decode(await file.bytes()).trimEnd());
  }
  if (part !== undefined) return texts.includes(part) ? "there" : undefined;
  return texts.join(" ");
}

/** Reads a file: `file 1` is the location of that file, other things are paths. */
async function readFile(files: FileStore, thing: string): Promise<string | undefined> {
  const read = async (path: string) => {
    const file = await files.open(path).catch(undefinedIfMissing);
    return file && new TextDecoder().decode(await file.bytes()).trimEnd();
  };
  const [word, n] = thing.split(" ");
  if (word !== "file") return await read(thing);
  const found: string[] = [];
  for (const path of [`a/${n}`, `to/${n}`]) {
    const text = await read(path);
    if (text !== undefined) found.push(text === `value ${n}` ? path : `${path} (damaged)`);
  }
  return found.length === 0 ? undefined : found.join(" and ");
}

function undefinedIfMissing(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}
