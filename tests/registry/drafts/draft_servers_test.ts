import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../extensions/maintenance/mod.ts";
import { verifyRegistry } from "../../../apps/maintenance.ts";
import { openRegistry } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { REAL_SERVERS } from "../../support/servers/mod.ts";
import { testOnServers } from "../../servers/server_world.ts";
import { keysOf, noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

const HUGE = noise(20_000_000, 5);

/** Bytes in pieces that can be read once. */
function streamed(bytes: Uint8Array): ReadableStream<Uint8Array> {
  let offset = 0;
  return new ReadableStream({
    pull(controller) {
      if (offset >= bytes.byteLength) return controller.close();
      controller.enqueue(bytes.slice(offset, offset += 1_000_000));
    },
  });
}

testOnServers("a draft in a bucket becomes one version", REAL_SERVERS, async (world) => {
  const open = () => openRegistry(world.store(), { cache: false });
  const registries = [await open(), await open(), await open()];
  const drafts = await Promise.all(
    registries.map((registry) => registry.openDraft("data", { id: "7" })),
  );
  await Promise.all([
    drafts[0].addPart("0", [{ path: "huge.bin", content: streamed(HUGE) }]),
    drafts[1].addPart("1", [{ path: "é/large.bin", content: noise(300_000, 1) }]),
    drafts[2].addFile("small.txt", noise(10)),
    drafts[1].addPart("2", [{ path: "2.bin", content: noise(300_000, 2) }]),
    drafts[2].addPart("2", [{ path: "2.bin", content: noise(300_000, 2) }]),
  ]);
  const saved = await Promise.all(
    drafts.map((draft) => draft.commit({ parts: ["0", "1", "2", "small.txt"] })),
  );
  assertEquals(new Set(saved.map(({ commit }) => commit)).size, 1);
  assertEquals(saved[0].size, 20_600_010);

  const artifact = await registries[0].open("data@1");
  for (const file of artifact.files()) assertEquals(sha256(await file.bytes()), file.info.sha256);
  assertEquals(artifact.file("huge.bin").info.sha256, sha256(HUGE));
  await rejected("Conflict", drafts[0].addFile("late.txt", noise(10)));
  assertEquals((await verifyRegistry(registries[1])).problems, []);
  assertEquals((await collectGarbage(registries[1])).removed.payload.count, 0);
  assertEquals((await keysOf(registries[1].backend, "drafts/data/7/.end")).length, 1);
});
