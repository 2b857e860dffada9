import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { openUploads, presignDownload } from "../../../extensions/transfers/mod.ts";
import type { StoredRegistry } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import type { System } from "../../../core/system.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";
import { createRegistry } from "../../registry/create_registry.ts";
import { keysOf, noise } from "../../registry/registries.ts";
import { rejected } from "../../registry/rejected.ts";
import { type ServerWorld, testOnServers } from "../../servers/server_world.ts";
import { SIGNING_KEY } from "../../backends/gcs/signing_key.ts";

const LARGE = noise(300_000, 2);

function open({ store }: ServerWorld, system?: System): Promise<StoredRegistry> {
  return createRegistry(store({ system, gcs: { credentials: SIGNING_KEY } }), { cache: false });
}

testOnServers("a browser downloads files", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  await registry.save("site", LARGE);
  const { url, file } = await presignDownload(registry, "site", {
    fileName: `naïve "1".bin`,
    expiresInMs: 60_000,
  });
  const reply = await fetch(url);
  const bytes = await reply.bytes();
  assertEquals([reply.status, bytes.byteLength, file.sha256], [200, LARGE.length, sha256(bytes)]);
  if (world.server.kind !== "fake-gcs") {
    assertMatch(reply.headers.get("content-disposition")!, /^attachment; .*na%C3%AFve/);
    assertEquals(reply.headers.get("content-type"), "application/octet-stream");
  }
});

testOnServers("an upload in pieces continues", REAL_SERVERS, async (world) => {
  const registry = await open(world);
  const uploads = await openUploads(registry);
  const content = noise(9 * 1024 * 1024, 4);
  const { id } = await uploads.begin({ size: content.byteLength });
  async function* broken() {
    yield content.subarray(0, 8_500_000);
    throw new Error("connection reset");
  }
  await assertRejects(() => uploads.append(id, broken(), { offset: 0 }), Error, "connection reset");
  const { offset } = await uploads.state(id);
  assertEquals(offset, 8_500_000);
  const rest = () => ReadableStream.from([content.subarray(offset)]);
  await uploads.append(id, rest(), { offset });
  await rejected("Conflict", uploads.append(id, rest(), { offset }));
  const source = await uploads.source(id);
  assertEquals(
    sha256(new Uint8Array(await new Response(source.stream()).arrayBuffer())),
    sha256(content),
  );
  await uploads.remove(id);
  assertEquals(await keysOf(registry.backend, "uploads/"), []);
});
