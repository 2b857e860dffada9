import { assertEquals, assertThrows } from "@std/assert";
import { createLookup } from "../../../core/lookup.ts";
import { createMaterializerSet } from "../../../core/materializer.ts";
import { createS3Configs } from "../../../backends/mod.ts";
import { createFileStores, createMemoryFiles } from "../../../files/mod.ts";
import { createFormats } from "../../../formats/mod.ts";
import { createPlugins, Storage } from "../../../extensions/plugins/mod.ts";
import { createOperators } from "../../../operators/mod.ts";
import { json } from "../../../materializers/mod.ts";
import { RegistryError } from "../../../core/errors.ts";

Deno.test("arguments that a register function does not have are refused", () => {
  const options = { singleton: true };
  const registers: [(...args: never[]) => unknown, unknown[]][] = [
    [createLookup("color").register, ["red", 1]],
    [createMaterializerSet().register, [Date, json()]],
    [createS3Configs().register, ["tos", "bucket", { endpoint: "https://e" }]],
    [createFileStores().register, ["mine", createMemoryFiles]],
    [createFormats().register, [{ id: "tif", extensions: [".tif"] }]],
    [createPlugins().register, [Storage, "mine", class {}]],
  ];
  for (const [register, args] of registers) {
    assertThrows(() => register(...[...args, options] as never[]), RegistryError, " arguments");
  }
});

Deno.test("a register function refuses a class or function in place of a name at once", () => {
  const value = class {};
  const registers: [(...args: never[]) => unknown, unknown[]][] = [
    [createOperators().register, []],
    [createPlugins().register, [Storage]],
    [createS3Configs().register, ["tos"]],
  ];
  for (const [register, args] of registers) {
    for (const name of [value, undefined]) {
      const error = assertThrows(() => register(...[...args, name] as never[]), RegistryError);
      assertEquals([error.code, /class \{/.test(error.message)], ["Invalid", false]);
    }
  }
});
