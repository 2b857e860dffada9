import { assertEquals, assertRejects } from "@std/assert";
import type { Backend, ObjectInfo } from "../../../core/backend.ts";
import { fault, RegistryError } from "../../../core/errors.ts";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { joinNames } from "../../../extensions/maintenance/space/join_names.ts";
import { contextOf } from "../../../registry/operations/context.ts";
import { Records } from "../../../registry/records.ts";
import { createListedStore } from "../../registry/pass/listed_store.ts";

const registry = await openRegistry(createMemoryBackend());

const KEYS = [
  "names/a-b/versions/x",
  "names/a/versions/x",
  "names/a/versions/y",
  "names/d/versions/x",
  "names/strange%/x",
  "names/z/versions/x",
  "objects/a-b/1",
  "objects/a/1",
  "objects/a/2",
  "objects/c/1",
  "objects/d/1",
  "objects/foreign",
];

/** Joins the names of a store that holds these keys, and cannot list `broken`. */
async function joined(broken?: string) {
  const stores = ["names/", "objects/"].map((top) => {
    const keys = KEYS.filter((key) => key.startsWith(top));
    return [top, createListedStore(keys.map((key) => ({ key, size: 1, modifiedAt: 1 })))] as const;
  });
  const backend: Backend = {
    ...createMemoryBackend(),
    async *list(prefix, options) {
      for await (const entry of new Map(stores).get(prefix)?.list(prefix, options) ?? []) {
        const { key } = entry as ObjectInfo;
        if (key === broken) {
          const [action, state] = ["list", "permission denied"];
          throw fault({ code: "Denied", action, subject: "", state, hint: "", key });
        }
        yield entry;
      }
    },
  };
  const failures: unknown[] = [];
  const onFailure = ({ key }: RegistryError, name?: string) => void failures.push([key, name]);
  const context = Records.of({ ...contextOf(registry, "list"), backend });
  const names = await Array.fromAsync(joinNames(context, { onFailure }), ({ name, folders }) => {
    const [payload, records] = folders.map(({ entries }) => entries.length);
    return `${name}: ${payload} + ${records}`;
  });
  return { names, failures };
}

Deno.test("joinNames() yields payload and records of each name, in order", async () => {
  const { names, failures } = await joined();
  assertEquals(names, ["a-b: 1 + 1", "a: 2 + 2", "c: 1 + 0", "d: 1 + 1", "z: 0 + 1"]);
  assertEquals(failures, []);
});

Deno.test("joinNames() skips a name that it cannot list, and reports it once", async () => {
  for (const broken of ["names/a/versions/y", "objects/a/1", "objects/a/2", "names/z/versions/x"]) {
    const { names, failures } = await joined(broken);
    const name = broken.split("/")[1];
    assertEquals(names, (await joined()).names.filter((line) => !line.startsWith(`${name}:`)));
    assertEquals(failures, [[broken, name]]);
  }
});

Deno.test("joinNames() throws for a place that may hide any name", async () => {
  await assertRejects(() => joined("names/strange%/x"), RegistryError, "permission denied");
});
