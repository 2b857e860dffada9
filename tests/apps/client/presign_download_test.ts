import { assertEquals, assertRejects } from "@std/assert";
import { presignDownload } from "../../../extensions/transfers/mod.ts";
import { openHttpRegistry } from "../../../apps/client.ts";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry, RegistryError } from "../../../mod.ts";
import { createAccess } from "../../../apps/server/access/access.ts";
import { noise } from "../../conformance/registry/registry_case.ts";
import { createPresigningStore } from "../../extensions/transfers/presigning_store.ts";
import { createScriptedSystem } from "../../support/scripted_system.ts";
import { ADDRESS, startService, testService } from "./service.ts";

async function codeOf(action: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => action, RegistryError)).code;
}

Deno.test("a file is downloaded from the store directly", async () => {
  const store = createPresigningStore();
  const service = await startService({ backend: store.backend });
  const registry = await service.open();
  const content = noise(400_000);
  await registry.save("data", content, { version: "2.1" });

  const options = { fileName: "scan.tif", expiresInMs: 5_000 };
  const download = await presignDownload(registry, "data@^2", options);
  assertEquals([download.file.path, download.expiresAt instanceof Date], ["data.bin", true]);
  assertEquals(await store.fetch(download.url), content);
  const { fileName, expiresInMs } = store.grant(download.url);
  assertEquals([fileName, expiresInMs], ["scan.tif", 5_000]);
  assertEquals(await codeOf(presignDownload(registry, "data", { path: "x" })), "NotFound");
  await service.close();
});

testService("URLs are Unsupported for a store that cannot sign them", async (service) => {
  await service.behind.save("a", noise(400_000));
  const registry = await service.open();
  assertEquals(await codeOf(presignDownload(registry, "a")), "Unsupported");
});

Deno.test("a URL lives an hour at most, and not longer than its token", async () => {
  const system = createScriptedSystem();
  const store = createPresigningStore({ system });
  let lifeMs: number | undefined;
  const find = () =>
    Promise.resolve(createAccess("1", [{ kind: "admin" }], {
      expiresAtMs: lifeMs === undefined ? undefined : system.now() + lifeMs,
    }));
  await using behind = await openRegistry(store.backend, { system });
  await using handler = createHandler(behind, { system, tokens: { find } });
  const registry = await openHttpRegistry(ADDRESS, { fetch: handler, token: "x" });
  await registry.save("data", noise(400_000));
  const granted = async (expiresInMs?: number) => {
    const { url, expiresAt } = await presignDownload(registry, "data", { expiresInMs });
    const ms = store.grant(url).expiresInMs;
    assertEquals(expiresAt.getTime(), system.now() + ms);
    return ms;
  };
  assertEquals(await granted(), 3_600_000);
  assertEquals(await codeOf(granted(3_600_001)), "Invalid");
  lifeMs = 60_000;
  assertEquals([await granted(), await granted(5_000)], [60_000, 5_000]);
  lifeMs = 1;
  assertEquals(await granted(), 1000);
});
