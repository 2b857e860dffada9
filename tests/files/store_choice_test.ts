import { assertEquals } from "@std/assert";
import { createMemoryFiles } from "../../files/memory.ts";
import { createFileManager, type FileManager } from "../../files/mod.ts";
import { bytes } from "../../formats/bytes.ts";
import type { NDArray } from "../../formats/arrays/ndarray.ts";
import { npy } from "../../formats/npy.ts";
import { ndarrayOf } from "./samples.ts";
import { refused } from "../support/refused.ts";

/** What programs without types can call. */
// deno-lint-ignore no-explicit-any -- mistakes that types would tell
type Untyped = any;

Deno.test("a call without a store says how it is written, and a value that has a store is not taken for options", async () => {
  const memory = createMemoryFiles();
  const manager: Untyped = createFileManager({ mine: memory });
  const value = { store: "mine", depth: 1 };
  await refused(
    "Invalid",
    () => manager.save("a.json", value),
    /save\(path, value, \{ store: "disk" \}\)/,
  );
  assertEquals(await memory.stat("a.json"), undefined);
  await manager.save("a.json", value, { store: "mine" });
  assertEquals(await manager.load("a.json", { store: "mine" }), value);
  await refused("Invalid", () => manager.load("a.json", "mine"), /load\(path, \{ store/);
  await refused("Invalid", () => manager.walkFiles("").next(), /walkFiles\(folder, \{ store/);
  for (const name of [undefined, { store: "mine" }]) {
    await refused("Invalid", () => manager.on(name), /on\("disk"\)/);
  }
});

Deno.test("the types of what is loaded follow from the format, with a store for each call too", async () => {
  const manager: FileManager = createFileManager({ mine: createMemoryFiles() });
  const plane = ndarrayOf(2, 2);
  await manager.save("a.npy", plane, { store: "mine" });
  const one: NDArray = await manager.load("a.npy", { store: "mine", as: npy() });
  const { results: [first] } = await manager.loadBatch(["a.npy"], { store: "mine", as: npy() });
  const shape: readonly number[] | undefined = first.ok ? first.value.shape : undefined;
  const { dtype } = await manager.load<{ dtype: string }>("a.npy", { store: "mine" });
  const raw = await manager.load("a.npy", { store: "mine", as: bytes() });
  const size: number = raw.byteLength;
  assertEquals([one, shape, dtype, size > 8], [plane, [2, 2], "uint16", true]);
});
