// Operations, with the data before and after them.
import { join } from "@std/path";
import { createLocalBackend } from "../../../backends/local.ts";
import { isRegistryError } from "../../../core/errors.ts";
import type { StoredRegistry } from "../../../core/registry.ts";
import { createLocalFiles } from "../../../files/local.ts";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { withAge } from "../../registry/with_age.ts";
import { aliasesOf } from "../../conformance/registry/registry_case.ts";

export interface Operation {
  prepare(root: string): Promise<void>;
  act(root: string): Promise<unknown>;
  /** Returns the contents in one line. Throws for damage. */
  look(root: string): Promise<string>;
  before: string;
  after: string;
}

const WEEK_MS = 7 * 24 * 3_600_000;
const LARGE = "large".padEnd(100_000);
const OVERWRITE = { version: "1", onConflict: "overwrite" } as const;

const registryIn = (root: string, durability: "disk" | "os" = "os") => {
  const backend = createLocalBackend({ path: join(root, "registry"), durability });
  return openRegistry(backend, { mutable: true, cache: false, retryForMs: 2_000 });
};

/** An operation on a registry, all of which must verify. */
function onRegistry(
  prepare: (registry: StoredRegistry) => Promise<unknown>,
  act: (registry: StoredRegistry) => Promise<unknown>,
  look: (registry: StoredRegistry) => Promise<string>,
  before: string,
  after: string,
): Operation {
  return {
    prepare: async (root) => void await prepare(await registryIn(root)),
    act: async (root) => await act(await registryIn(root, "disk")),
    async look(root) {
      const registry = await registryIn(root);
      const { ok, problems } = await verifyRegistry(registry);
      if (!ok) throw new Error(`Cannot verify: ${JSON.stringify(problems)}`);
      return await look(registry);
    },
    before,
    after,
  };
}

function onFiles(
  act: (files: ReturnType<typeof filesIn>) => Promise<unknown>,
  before: string,
  after: string,
): Operation {
  return {
    prepare: async (root) =>
      void await filesIn(root, "os").write("a/one", new TextEncoder().encode("old")),
    act: async (root) => await act(filesIn(root, "disk")),
    async look(root) {
      const files = filesIn(root, "os");
      const found: string[] = [];
      for (const path of ["a/one", "a/two", "b/one"]) {
        const file = await files.open(path).catch(undefinedIfMissing);
        if (file !== undefined) {
          found.push(`${path}=${new TextDecoder().decode(await file.bytes())}`);
        }
      }
      return found.join(" ");
    },
    before,
    after,
  };
}

function filesIn(root: string, durability: "disk" | "os") {
  return createLocalFiles({ root: join(root, "files"), durability });
}

const valueOf = async (registry: StoredRegistry, ref: string) => {
  return String(await registry.load(ref).catch(undefinedIfMissing) ?? "nothing").trimEnd();
};

const NEW = new TextEncoder().encode("new");

export const OPERATIONS: Record<string, Operation> = {
  "save a small value": onRegistry(
    (registry) => registry.save("other", "other"),
    (registry) => registry.save("a", "small", OVERWRITE),
    (registry) => valueOf(registry, "a@1"),
    "nothing",
    "small",
  ),
  "save a large value": onRegistry(
    (registry) => registry.save("a", "old", { version: "1" }),
    (registry) => registry.save("a", LARGE, OVERWRITE),
    (registry) => valueOf(registry, "a@1"),
    "old",
    "large",
  ),
  "save the next version once": onRegistry(
    (registry) => registry.save("a", "old"),
    (registry) => registry.save("a", "new", { idempotencyKey: "once" }),
    async (registry) => {
      const versions = await Array.fromAsync(registry.versions("a"), ({ version }) => version);
      return `${versions.join(" ")}: ${await valueOf(registry, "a")}`;
    },
    "1.0.0: old",
    "2.0.0 1.0.0: new",
  ),
  "delete a version": onRegistry(
    (registry) => registry.save("a", LARGE, { version: "1" }),
    (registry) => registry.delete("a@1"),
    (registry) => valueOf(registry, "a@1"),
    "large",
    "nothing",
  ),
  "set an alias": onRegistry(
    (registry) => registry.save("a", "value"),
    (registry) => registry.setAlias("a", "stable", "1"),
    async (registry) => JSON.stringify(await aliasesOf(registry, "a")),
    "{}",
    '{"stable":"1.0.0"}',
  ),
  "add a part to a draft": onRegistry(
    (registry) => registry.save("other", "other"),
    async (registry) => {
      const draft = await registry.openDraft("a", { id: "d" });
      await draft.addPart("p", [{ path: "p", content: new TextEncoder().encode(LARGE) }]);
    },
    async (registry) => {
      const { parts } = await (await registry.openDraft("a", { id: "d" })).info();
      return parts.map(({ part }) => part).join(" ");
    },
    "",
    "p",
  ),
  "commit a draft": onRegistry(
    async (registry) => {
      const draft = await registry.openDraft("a", { id: "d" });
      await draft.addPart("p", [{ path: "p", content: new TextEncoder().encode(LARGE) }]);
    },
    async (registry) => await (await registry.openDraft("a", { id: "d" })).commit(),
    async (registry) => {
      const artifact = await registry.open("a").catch(undefinedIfMissing);
      return artifact === undefined
        ? "nothing"
        : [...artifact.files()].map(({ info }) => info.path).join(" ");
    },
    "nothing",
    "p",
  ),
  "collect garbage": {
    ...onRegistry(
      async (registry) => {
        for (let i = 0; i < 3; i++) await registry.save("a", `${i}`.padEnd(100_000), OVERWRITE);
        await registry.save("b", LARGE, { version: "1" });
        await registry.delete("b@1");
      },
      () => Promise.resolve(),
      async (registry) => `${await valueOf(registry, "a@1")} ${await valueOf(registry, "b@1")}`,
      "2 nothing",
      "2 nothing",
    ),
    async act(root) {
      const backend = createLocalBackend({ path: join(root, "registry"), durability: "disk" });
      return await collectGarbage(
        await openRegistry(withAge(backend, WEEK_MS), { cache: false, retryForMs: 2_000 }),
      );
    },
  },
  "replace a file": onFiles((files) => files.write("a/one", NEW), "a/one=old", "a/one=new"),
  "make a file": onFiles(
    (files) => files.write("a/two", NEW, { mode: "create" }),
    "a/one=old",
    "a/one=old a/two=new",
  ),
  "move a file": onFiles((files) => files.move("a/one", "b/one"), "a/one=old", "b/one=old"),
  "remove a file": onFiles((files) => files.remove("a/one"), "a/one=old", ""),
};

function undefinedIfMissing(error: unknown): undefined {
  if (!isRegistryError(error, "NotFound")) throw error;
}
