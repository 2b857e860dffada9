// A version that a service has opened is deleted and restored, and its old files are collected.
import { assertEquals } from "@std/assert";
import { collectGarbage } from "../../../../extensions/maintenance/mod.ts";
import { openPages } from "../../../../registry/mod.ts";
import { dav } from "../../../../extensions/gateways/dav/dav.ts";
import { withPinned } from "../../../../extensions/gateways/dav/mount.ts";
import { fileSet } from "../../../registry/protocol_world.ts";
import { createProtocolWorld, GRACE_MS, HOUR } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { createCheckedHandler } from "../checked_handler.ts";

const WAYS = {
  "of an exact commit": (file: string, commit: string) =>
    `/artifacts/a/versions/1.0.0/files/${file}?commit=${commit}`,
  "of a mount": (file: string) => `/dav/a@1.0.0/${file}`,
};

for (const [way, pathOf] of Object.entries(WAYS)) {
  Deno.test(`a service reads files ${way} after the version was restored`, async () => {
    const { registry, advance, system, backend } = await createProtocolWorld({
      leastGraceMs: HOUR,
    });
    const files = Object.fromEntries(
      [1, 2, 3, 4, 5, 6, 7].map((n) => [`f${n}`, noise(300_000, n)]),
    );
    const { commit } = await registry.save("a", files, { as: fileSet });
    const gateway = withPinned(dav, await openPages(registry, "a"));
    const handler = createCheckedHandler(registry, { gateways: [gateway], system });
    const read = async (file: string) => {
      const answer = await handler(new Request(`http://localhost${pathOf(file, commit)}`));
      const { length } = new Uint8Array(await answer.arrayBuffer());
      return answer.ok ? length : answer.status;
    };
    const readsOnlyFile = async (file: string) => {
      backend.forget();
      assertEquals(await read(file), 300_000);
      assertEquals(backend.asked().filter((call) => !call.includes(" objects/")), []);
    };
    assertEquals(await read("f1"), 300_000);
    await registry.delete("a@1");
    advance(GRACE_MS - HOUR / 12); // so late that its files are copied
    assertEquals(await read("f2"), 300_000, "deleted");
    await readsOnlyFile("f6");
    await registry.undelete("a@1");
    for (const file of ["f3", "f4"]) {
      advance(GRACE_MS + 1);
      await collectGarbage(registry);
      assertEquals(await read(file), 300_000, "restored");
      await readsOnlyFile("f7");
    }
    await registry.delete("a@1");
    advance(GRACE_MS + 1);
    await collectGarbage(registry);
    assertEquals(await read("f5"), 409, "collected");
    await handler.close();
  });
}
