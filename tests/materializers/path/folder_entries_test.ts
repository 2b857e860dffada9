// A save of too many files is refused before it ends the program.
import { assert, assertEquals } from "@std/assert";
import { heapRoomBytes } from "../../../core/system.ts";
import { RegistryError } from "../../../mod.ts";
import { checkMemory } from "../../../materializers/path/folder_entries.ts";

Deno.test("a folder with more files than the memory takes is refused with a hint", () => {
  checkMemory("/data", 1_000_000, undefined); // a runtime without a known limit
  checkMemory("/data", 1_000_000, 2 ** 30);
  let refusal: unknown;
  try {
    checkMemory("/data", 1_000_000, 2 ** 28);
  } catch (error) {
    refusal = error;
  }
  assert(refusal instanceof RegistryError);
  const state = "it has 1000000 files or more, too many for the memory of this program";
  assertEquals(refusal.message, `Cannot save folder "/data": ${state}`);
  assert(refusal.hint?.includes("--max-old-space-size"));
});

Deno.test("the room of the heap is less than the limit that a program was started with", async () => {
  const system = new URL("../../../core/system.ts", import.meta.url);
  const code = `const { heapRoomBytes } = await import(${JSON.stringify(system.href)});` +
    "console.log(heapRoomBytes());";
  const args = ["eval", "--no-config", "--v8-flags=--max-old-space-size=300", code];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  const room = Number(new TextDecoder().decode(stdout));
  assert(room > 100 * 2 ** 20 && room <= 300 * 2 ** 20, `${room}`);
  assert(heapRoomBytes()! > room);
});
