import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { parseEntry, readMetadata } from "../../../../apps/cli/values/metadata.ts";
import { RegistryError } from "../../../../core/errors.ts";
import { tempRoot } from "../../../support/temp_root.ts";

Deno.test("key=text stays a string, key:=json is parsed", () => {
  assertEquals(parseEntry("version=1.10"), ["version", "1.10"]);
  assertEquals(parseEntry("epochs:=3"), ["epochs", 3]);
  assertEquals(parseEntry("note=a=b:=c"), ["note", "a=b:=c"]);
  assertEquals(parseEntry("empty="), ["empty", ""]);
  assertEquals(parseEntry(`tags:=["a"]`), ["tags", ["a"]]);
});

Deno.test("an entry without a key, a sign or good JSON is refused with the right form", () => {
  for (const text of ["", "key", "=x", "k:=nope"]) {
    const error = assertThrows(() => parseEntry(text), RegistryError);
    assertEquals(error.code, "Invalid");
  }
});

Deno.test("entries win over the file, and a file must be a JSON object", async () => {
  await using root = await tempRoot();
  await Deno.writeTextFile(root.join("m.json"), `{"a":1,"b":2}`);
  assertEquals(await readMetadata([["b", "x"]], { file: "m.json", cwd: root.path }), {
    a: 1,
    b: "x",
  });
  assertEquals(await readMetadata([], { cwd: root.path }), undefined);
  for (const text of ["[1]", "null", "{", "3"]) {
    await Deno.writeTextFile(root.join("m.json"), text);
    await assertRejects(
      () => readMetadata([], { file: "m.json", cwd: root.path }),
      RegistryError,
      "metadata",
    );
  }
});
