// Signatures that are added to a version while gateways show it.
import { assertEquals, assertNotEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";
import { createS3Gateway } from "../../../extensions/gateways/s3/s3_gateway.ts";
import { defineRegistry, openRegistry } from "../../../mod.ts";
import { annotate } from "../../../registry/mod.ts";
import { signatureFiles, signVersion } from "../../../extensions/signatures/signatures.ts";
import { saveFiles } from "../gateways/s3/open_s3.ts";
import { ecKeys } from "./signed.ts";

const NAME = "models/digits";
const gateways = [hub, createS3Gateway(), signatureFiles];

for (const path of [`/${NAME}/resolve/main/model.sig`, `/holdfast/${NAME}/@1.0.0/model.sig`]) {
  Deno.test(`a signature that was replaced is sent again: ${path}`, async () => {
    await using registry = await openRegistry("memory:");
    await saveFiles(registry, NAME, ["a.bin"]);
    await using handler = createHandler(registry, { gateways });
    const ask = (headers = {}) => handler(new Request(`http://localhost${path}`, { headers }));
    const sign = async () => {
      await annotate(registry, `${NAME}@1`, { labels: { signatures: null } });
      await signVersion(registry, NAME, { key: ecKeys().privateKey });
    };
    await sign();
    const first = await ask();
    const date = first.headers.get("last-modified") ?? "", before = await first.text();
    await sign();
    const again = await ask({ "if-modified-since": date });
    assertEquals([again.status, await again.text() === before], [200, false]);
    const joined = await ask({ range: "bytes=9-", "if-range": date });
    await joined.body?.cancel();
    assertNotEquals(joined.status, 206);
    const rest = await ask({ range: "bytes=0-9" });
    await rest.body?.cancel();
    await sign();
    const other = await ask({ range: "bytes=10-" });
    await other.body?.cancel();
    assertNotEquals(other.status, 206);
  });
}

Deno.test("a request makes the signatures of a version once, however much it lists", async () => {
  await using registry = await openRegistry("memory:");
  await saveFiles(registry, NAME, ["a.bin", "b/c.bin"]);
  await signVersion(registry, NAME, { key: ecKeys().privateKey });
  let read = 0;
  const counted = defineRegistry({
    ...registry,
    info: (ref, options) => {
      if (options?.annotations) read++;
      return registry.info(ref, options);
    },
  });
  await using handler = createHandler(registry, {
    gateways: [hub, {
      ...signatureFiles,
      adds: {
        ...signatureFiles.adds!,
        of: (_, version) => signatureFiles.adds!.of(counted, version),
      },
    }],
  });
  const paths = ["a.bin", "b", "b/c.bin", "model.sig", "none"];
  const answer = await handler(
    new Request(`http://localhost/api/models/${NAME}/paths-info/main`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ paths }),
    }),
  );
  const found = (await answer.json()).map(({ path }: { path: string }) => path);
  assertEquals([found, read], [paths.slice(0, 4), 1]);
});
