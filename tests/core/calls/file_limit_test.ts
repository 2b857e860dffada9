// Too many files are refused before any of them is stored or sent.
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import { checkFileList, checkHeap, MAX_FILE_LIST_BYTES } from "../../../core/calls/file_limit.ts";
import { createMemoryBackend, localPath, openRegistry, RegistryError } from "../../../mod.ts";
import { createMaterializers } from "../../../materializers/mod.ts";
import type { FileToSave, MaterializeOptions, Materializer } from "../../../materializers/mod.ts";
import { encodeFiles } from "../../../registry/format/record_codec.ts";
import { knownContext } from "../../../registry/operations/context.ts";
import { payloadSource } from "../../../registry/operations/load.ts";
import { locate } from "../../../registry/operations/resolve.ts";
import { parseRef } from "../../../core/naming/refs.ts";
import { createScriptedBackend } from "../../registry/scripted_backend.ts";
import { fileSet } from "../../registry/protocol_world.ts";
import { rejected } from "../../registry/rejected.ts";
import { testService } from "../../apps/client/service.ts";
import { testInRoot } from "../../support/temp_root.ts";

Deno.test("a list is refused when it would be about as long as the longest one", async () => {
  const registry = await openRegistry("memory:");
  const files = Array.from({ length: 400 }, (_, n) => ({
    path: `train/n${n % 20}/n${n % 20}_${n}.jpg`,
    content: new Uint8Array([0, 100, 7_000, 90_000, 300_000][n < 10 ? n % 5 : n % 3 + 1]!)
      .fill(n % 251, 1).fill(n >> 8, 0, 1),
  }));
  await registry.save("m", {}, { as: { ...fileSet, save: () => files } });
  const context = knownContext(registry)!;
  const source = await payloadSource(context, await locate(context, parseRef("m")));
  const { byteLength } = await encodeFiles(source.files.map(({ from: _, ...file }) => file));
  const listed = files.map(({ path, content }) => ({ path, size: content.byteLength }));
  const listOf = function* (share: number) {
    const times = MAX_FILE_LIST_BYTES * share / byteLength;
    for (let n = 0; n < times; n++) yield* listed;
  };
  checkFileList(listOf(0.97));
  assertThrows(() => checkFileList(listOf(1.03)), RegistryError);
});

/** Files of more than 256 MiB in a list, of one string. */
const TOO_MANY: FileToSave[] = Array(1_400).fill({
  path: "a".repeat(200_000),
  content: new Uint8Array(1),
});

class Many {}

const many: Materializer<Many> = {
  id: "test/many",
  formatVersion: 1,
  accepts: (value) => value instanceof Many,
  save: () => TOO_MANY,
  load: () => new Many(),
};

Deno.test("more files than the memory can hold are refused", () => {
  checkHeap("save", "files", 1_300_000, 2 ** 30);
  const refused = () => checkHeap("save", "files", 2_000_000, 2 ** 30);
  assertThrows(refused, RegistryError, "2000000 files are too many for the memory");
});

Deno.test("an array of too many files for a part is refused before any is stored", async () => {
  const backend = createScriptedBackend(createMemoryBackend());
  const materializers = createMaterializers();
  materializers.register(many);
  const registry = await openRegistry(backend, { materializers });
  const draft = await registry.openDraft("m", { id: "1" });
  backend.forget();
  const saves = {
    part: () => draft.addPart("a", new Many()),
    files: () => draft.addPart("a", TOO_MANY),
  };
  for (const save of Object.values(saves)) {
    await rejected("Invalid", save(), /over 268435456 bytes/);
  }
  assertEquals(backend.asked({ verb: "put" }), []);
});

testInRoot("a folder of more files than a call may have is refused unread", async (root) => {
  mkdirSync(root.join("folder"));
  for (const name of ["a", "b"]) writeFileSync(root.join(`folder/${name}`), name);
  const value = localPath(root.join("folder"));
  const materializer = createMaterializers().forValue(value);
  const read = (options: MaterializeOptions) =>
    Array.fromAsync(materializer.save(value, options) as AsyncIterable<FileToSave>);
  assertEquals((await read({ mostFiles: 2 })).length, 2);
  await assertRejects(() => read({ mostFiles: 1 }), RegistryError, "over 1 files");
});

testService("a client sends no file of more than a service takes at once", async (service) => {
  const registry = await service.open();
  const files: FileToSave[] = Array(100_001).fill({ path: "a", content: new Uint8Array(0) });
  let most: number | undefined;
  const save = (_: Many, { mostFiles }: MaterializeOptions) => {
    most = mostFiles;
    return files;
  };
  const saving = registry.save("m", new Many(), { as: { ...many, save } });
  await rejected("Invalid", saving, /over 100000 files/);
  assertEquals(most, 100_000);
  const draft = await registry.openDraft("m", { id: "1" });
  await rejected("Invalid", draft.addPart("a", files), /over 100000 files/);
  await registry.close();
});
