import { assert, assertEquals } from "@std/assert";
import { DRIVERS, WRAPPERS } from "../../backends/drivers.ts";
import { openBackend } from "../../backends/mod.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../support/source_files.ts";
import { createScriptedSystem } from "../support/scripted_system.ts";

/** URLs of stores that have no bucket, by the kind of their driver. */
const STORES_HERE: Readonly<Record<string, string>> = { local: "folder", memory: "memory:" };

Deno.test("descriptions of drivers match their backends", async () => {
  const schemes = DRIVERS.flatMap((driver) => driver.schemes);
  assertEquals(schemes.length, new Set(schemes).size);
  for (const { kind, schemes: [scheme], buckets } of DRIVERS) {
    const url = buckets ? `${scheme}://bucket` : STORES_HERE[kind];
    assert(url !== undefined, `give STORES_HERE a URL of ${kind} that creates nothing`);
    const backend = await openBackend(url, { system: createScriptedSystem() });
    await backend[Symbol.asyncDispose]();
    assertEquals(backend.kind, kind);
  }
});

Deno.test("docs/stores.md names each driver and wrapper", async () => {
  const page = await Deno.readTextFile("docs/stores.md");
  const schemes = DRIVERS.map(({ schemes: [scheme] }) => `${scheme}:`);
  const names = [...schemes, ...WRAPPERS.map(({ name }) => `${name}+`)];
  assertEquals(names.filter((name) => !page.includes(`\`${name}`)), []);
});

Deno.test("only drivers name bucket schemes and vendor variables", async () => {
  const schemes = DRIVERS.filter(({ buckets }) => buckets).flatMap((driver) => driver.schemes);
  const names = new RegExp(
    `"(${schemes.join("|")})"|\\b(AWS_(?!BATCH)|GOOGLE_|GCS_|MINIO_)|googleapis|s3_aksk`,
  );
  const others = [...await sourceFiles(PRODUCT_FOLDERS), "mod.ts"].filter((path) =>
    !/^(backends|operators\/runner|extensions\/gateways\/s3)\//.test(path) // a run has an option of this name
  );
  const found: string[] = [];
  for (const path of others) {
    const code = (await Deno.readTextFile(path)).replace(/\/\*[^]*?\*\/|^\s*\/\/.*$/gm, "");
    if (names.test(code)) found.push(path);
  }
  assertEquals(found, [
    "apps/cli/places/open_store.ts", // keys in the folder of a command, not of the process
    "apps/cli/terminal/hint_words.ts", // its hints tell people which variables to set
    "extensions/neighbors/general_pipeline/convert.ts", // turns its variables into ours
    "extensions/plugins/storage/storages.ts", // people choose a storage by such a name, and its variables
    "files/mod.ts", // stores of this name are options of createFileStores
  ]);
});
