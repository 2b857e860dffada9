import { assertEquals, assertThrows } from "@std/assert";
import { parseEntry } from "../../../../apps/cli/values/metadata.ts";
import { RegistryError } from "../../../../core/errors.ts";

Deno.test("key=text stays a string, key:=json is parsed", () => {
  assertEquals(parseEntry("version=1.10"), ["version", "1.10"]);
  assertEquals(parseEntry("epochs:=3"), ["epochs", 3]);
  assertEquals(parseEntry("note=a=b:=c"), ["note", "a=b:=c"]);
  assertEquals(parseEntry("empty="), ["empty", ""]);
  assertEquals(parseEntry(`tags:=["a"]`), ["tags", ["a"]]);
});

Deno.test("an entry without a key, a sign or good JSON is refused with the right form", () => {
  for (const text of ["", "key", "=x", "k:=nope", "k=J\ufffdrg"]) {
    const error = assertThrows(() => parseEntry(text), RegistryError);
    assertEquals(error.code, "Invalid");
  }
});
