import fs from "node:fs";
import { assertRejects } from "@std/assert";
import { createLocalBackend } from "../../../backends/local.ts";
import { ownCalls } from "../../../disk/disk_calls.ts";
import { RegistryError } from "../../../core/errors.ts";
import { text } from "../../conformance/backend/samples.ts";
import { testInRoot } from "../../support/temp_root.ts";

const { deno } = ownCalls;

testInRoot("getFirst() follows no link that just replaced an object", async (root) => {
  if (deno === undefined) return; // the system refuses links to those who open with node:fs
  const strange = root.join("strange");
  fs.writeFileSync(strange, "a stranger's secret");
  const backend = createLocalBackend({ path: root.join("store"), durability: "os" });
  await backend.put("names/a/b", text("x"));
  ownCalls.deno = {
    ...deno,
    openSync(path) {
      fs.unlinkSync(path);
      fs.symlinkSync(strange, path);
      ownCalls.deno = deno;
      return deno.openSync(path);
    },
    lstatSync: (path) => deno.lstatSync(path),
    readDirSync: (path) => deno.readDirSync(path),
  };
  try {
    await assertRejects(() => backend.getFirst!("names/a/"), RegistryError, "symbolic link");
  } finally {
    ownCalls.deno = deno;
  }
});
