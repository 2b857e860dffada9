import { assertEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../../core/errors.ts";
import { bytesFile } from "../../../formats/content/content.ts";
import { openWindow } from "../../../formats/content/window.ts";

const refuse = (state: string) =>
  new RegistryError({ code: "Corrupt", message: `Cannot read "a": ${state}` });

Deno.test("bytes are read ahead, each once, up to the end of the part", async () => {
  const file = bytesFile("a", Uint8Array.from({ length: 100 }, (_, i) => i));
  const asked: (number | undefined)[][] = [];
  const stream: typeof file.stream = (range) => {
    asked.push([range?.offset, range?.length]);
    return file.stream(range);
  };
  const read = openWindow({ ...file, stream }, { end: 50, aheadBytes: 20, refuse });
  assertEquals([...await read(0, 2)], [0, 1]);
  assertEquals([...await read(10, 3)], [10, 11, 12]);
  assertEquals([...await read(18, 4)], [18, 19, 20, 21]); // two of them are there
  assertEquals([...await read(40, 1, 5)], [40]);
  assertEquals([...await read(44, 6)], [44, 45, 46, 47, 48, 49]);
  assertEquals(asked, [[0, 20], [20, 18], [40, 5], [45, 5]]);
  await assertRejects(() => read(45, 6), RegistryError, "ends at byte 50");
  const short = openWindow(file, { end: 200, aheadBytes: 20, refuse });
  await assertRejects(() => short(90, 20), RegistryError, "expected 20 bytes, got 10");
});
