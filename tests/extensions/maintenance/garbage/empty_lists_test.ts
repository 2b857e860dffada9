// One collection whose lists are wrong frees nothing that counts: no payload of versions and of
// open drafts, no part of a draft, and no note of lineage.
import { assertEquals } from "@std/assert";
import type { Registry } from "../../../../mod.ts";
import { GRACE_MS } from "../../../registry/protocol_world.ts";
import { noise } from "../../../registry/registries.ts";
import { BIG, DAY_MS, type Kind, testWrongLists } from "./wrong_lists.ts";

const draftOf = (registry: Registry) => registry.openDraft("m", { id: "d" });

const KINDS: Record<string, Kind> = {
  "a version": { make: ({ registry }) => registry.save("m", BIG) },
  "the only value": { unversioned: true, make: ({ registry }) => registry.save("m", BIG) },
  "an overwritten version": {
    mutable: true,
    async make({ registry }) {
      for (const seed of [1, 2, 3]) {
        await registry.save("m", noise(70_000, seed), { version: "1", onConflict: "overwrite" });
      }
    },
  },
  "an undeleted version": {
    async make({ registry, advance }) {
      await registry.save("m", BIG);
      advance(GRACE_MS / 2);
      await registry.delete("m@1");
      await registry.undelete("m@1");
    },
  },
  "a committed draft": {
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
    },
  },
  "a committed draft, deleted and restored": {
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
      await registry.delete("m@1");
      await registry.undelete("m@1");
    },
  },
  "the committed draft of an only value": {
    unversioned: true,
    async make({ registry }) {
      const draft = await draftOf(registry);
      await draft.addFile("big.bin", BIG);
      await draft.commit();
    },
  },
  "an open draft": {
    days: 2,
    make: async ({ registry }) => await (await draftOf(registry)).addFile("big.bin", BIG),
    use: async (registry) => await (await draftOf(registry)).commit(),
  },
  "an open draft of an only value": {
    days: 2,
    unversioned: true,
    make: async ({ registry }) => await (await draftOf(registry)).addFile("big.bin", BIG),
    use: async (registry) => await (await draftOf(registry)).commit(),
  },
  "an old part of an open draft": {
    days: 4,
    async make({ registry, advance }) {
      const draft = await draftOf(registry);
      await draft.addPart("0", [{ path: "0", content: BIG }]);
      advance(4 * DAY_MS);
      await draft.addPart("1", [{ path: "1", content: noise(70_000, 2) }]);
    },
    async use(registry) {
      await (await draftOf(registry)).commit();
      assertEquals((await registry.info("m")).files.length, 2);
    },
  },
  "a version with inputs": {
    async make({ registry }) {
      await registry.save("m", BIG, { version: "2" });
      await registry.save("m", 7, { version: "3", inputs: ["m@2"] });
    },
  },
};

for (const [what, kind] of Object.entries(KINDS)) testWrongLists(what, kind);
