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
  for (const text of ["", "key", "=x", "k:=nope"]) {
    const error = assertThrows(() => parseEntry(text), RegistryError);
    assertEquals(error.code, "Invalid");
  }
  const { message } = assertThrows(() => parseEntry("key", "tag"), RegistryError);
  assertEquals(message, 'Cannot read tag "key": expected key=value');
});

Deno.test("an entry that is not UTF-8 is refused with a hint about the terminal", () => {
  const error = assertThrows(() => parseEntry("k=J\ufffdrg"), RegistryError);
  assertEquals([error.code, error.message, error.hint], [
    "Invalid",
    'Cannot read metadata "k=J\ufffdrg": not UTF-8',
    "Use a terminal with a UTF-8 locale.",
  ]);
});
