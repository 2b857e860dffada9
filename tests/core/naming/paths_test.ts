import { assertEquals } from "@std/assert";
import { parsePath } from "../../../core/naming/paths.ts";
import { thrown } from "../thrown.ts";

/** A name of this many bytes: characters of one size, after as many of one byte as are left. */
function nameOf(bytes: number, character: string): string {
  const size = new TextEncoder().encode(character).byteLength;
  return "x".repeat(bytes % size) + character.repeat(Math.floor(bytes / size));
}

Deno.test("the limits of names and paths are in bytes of UTF-8, for all characters", () => {
  for (const character of ["x", "é", "€", "🦊"]) {
    for (const bytes of [79, 80, 81, 239, 240]) {
      const name = nameOf(bytes, character);
      assertEquals(parsePath(`a/${name}`), `a/${name}`);
    }
    for (const bytes of [241, 300, 720, 721]) {
      thrown("Invalid", () => parsePath(`a/${nameOf(bytes, character)}`));
    }
    const folders = `${nameOf(199, character)}/`.repeat(4); // 800 bytes
    const path = folders + nameOf(100, character);
    assertEquals(parsePath(path), path);
    thrown("Invalid", () => parsePath(folders + nameOf(101, character)));
  }
});
