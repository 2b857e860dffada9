import { assertEquals } from "@std/assert";
import { touch } from "../late_records.ts";
import { fileSet, filler, GRACE_MS, testProtocol } from "../protocol_world.ts";
import { noise } from "../registries.ts";
import { rejected } from "../rejected.ts";

testProtocol(
  "chmod -R of an open registry makes nothing late",
  { mutable: true },
  async (world) => {
    const { registry, keys, advance, store } = world;
    const files = { large: noise(300_000, 2) };
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addPart("0", [{ path: "large", content: noise(300_000) }]);
    await registry.save("a", files, { as: fileSet });
    advance(GRACE_MS);
    await touch(world);
    const before = (await keys("objects/")).length;
    const again = { as: fileSet, skipIfUnchanged: true };
    assertEquals((await registry.save("a", files, again)).version, "1.0.0");
    await registry.save("a", { ...files, more: noise(10) }, { as: fileSet });
    assertEquals((await keys("objects/")).length, before + 1);
    await draft.commit();
    assertEquals((await registry.open("a")).files().map(({ info }) => info.path), ["large"]);
    await registry.save("b", filler("b"));
    advance(GRACE_MS);
    await touch(world);
    for (const key of await keys("objects/b/")) await store.delete(key);
    await rejected("Corrupt", registry.load("b"));
  },
);
