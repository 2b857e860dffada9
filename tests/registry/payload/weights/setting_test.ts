// Values as the default of a registry, for saves that have no option, such as those of gateways.
import { assertEquals, assertLess } from "@std/assert";
import { createMemoryBackend } from "../../../../backends/memory.ts";
import { openHttpRegistry } from "../../../../apps/client.ts";
import { passThrough } from "../../../../apps/server/saving/sent_files.ts";
import { fileToSave } from "../../../../core/registry/artifact_file.ts";
import type { SaveOptions } from "../../../../core/registry.ts";
import { openRegistry } from "../../../../mod.ts";
import { openFile } from "../../../../registry/tools/files.ts";
import { changeSettings, readSettings } from "../../../../registry/tools/settings.ts";
import { createCheckedHandler } from "../../../apps/server/checked_handler.ts";
import { headOf } from "../shared_bytes.ts";
import { AS, loaded, model, PATH, statesOf, step } from "./training.ts";
import { safetensors } from "./weights.ts";

async function opened() {
  const backend = { ...createMemoryBackend(), kind: "far" };
  const first = await openRegistry(backend, { cache: false });
  assertEquals((await readSettings(first)).share, "bytes");
  assertEquals((await changeSettings(first, { share: "values" })).share, "values");
  return { backend, registry: await openRegistry(backend, { cache: false }) };
}

Deno.test("a registry whose setting is values stores weights by values", async () => {
  const { backend, registry } = await opened(), states = statesOf(6);
  const saves: [options: SaveOptions, encoding: string | undefined][] = [
    [{}, "values"],
    [{}, "values"],
    [{ share: "none" }, undefined],
    [{ compress: "zstd" }, "zstd"],
    [{ share: "bytes" }, undefined],
    [{}, "values"],
  ];
  for (const [i, [options, encoding]] of saves.entries()) {
    const { addedBytes } = await registry.save("a", { [PATH]: states[i] }, { ...AS, ...options });
    const { files: [file] } = await headOf(backend);
    assertEquals([i, file!.encoding, file!.parts!.length], [i, encoding, 1]);
    if (i === 1 || i === 5) assertLess(addedBytes! / states[i]!.length, 0.2);
    assertEquals(await loaded(registry, `a@${i + 1}`), states[i]);
  }
  await registry.save("a", { "table.csv": states[0] }, AS);
  assertEquals((await headOf(backend)).files[0]!.encoding, undefined);
});

Deno.test("a file that is in the store already, such as an upload, is stored by values", async () => {
  const { backend, registry } = await opened(), states = statesOf(2);
  await registry.save("a", { [PATH]: states[0] }, AS);
  await registry.save("upload", { [PATH]: states[1] }, { ...AS, share: "none" });
  const upload = await registry.open("upload"), file = fileToSave(upload, upload.info.files[0]!);
  const as = passThrough({ id: "set", formatVersion: 1 }, [file]);
  const { addedBytes } = await registry.save("a", undefined, { as });
  assertLess(addedBytes! / states[1]!.length, 0.2);
  assertEquals((await headOf(backend)).files[0]!.encoding, "values");
  assertEquals(await (await openFile(registry, "a@2", { path: PATH })).bytes(), states[1]);
});

Deno.test("a service whose registry has values as its setting encodes uploads", async () => {
  const { backend, registry } = await opened();
  const handler = createCheckedHandler(registry);
  const fetch = (input: RequestInfo | URL, init?: RequestInit) => handler(new Request(input, init));
  const remote = await openHttpRegistry("http://localhost", { fetch });
  let tensors = model(3, 10); // 10 MiB: sent in pieces
  for (let i = 1; i < 4; i++) {
    const state = safetensors(tensors = step(tensors, i));
    const { addedBytes } = await remote.save("a", { [PATH]: state }, AS);
    const { files: [file] } = await headOf(backend);
    if (i > 1) {
      assertEquals(file!.encoding, "values");
      assertLess(addedBytes! / state.length, 0.2);
    }
    assertEquals(await loaded(registry, `a@${i}`), state);
  }
  await handler.close();
});
