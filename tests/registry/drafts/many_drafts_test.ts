import { assert } from "@std/assert";
import process from "node:process";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, ObjectInfo } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { Collection } from "../../../registry/maintenance/collection.ts";
import type { GarbageReport } from "../../../registry/maintenance/collection.ts";
import { collectDrafts } from "../../../registry/maintenance/garbage/drafts.ts";
import { contextOf } from "../../../registry/opening/context.ts";

const DRAFTS = 60_000;
const COMMIT = "01951e2f-6c00-7abc-8def-0123456789ab";

/** A store that lists so many drafts, of as many names or of one. */
function listing(names: number): Backend {
  const inner = createMemoryBackend();
  async function* list(prefix: string): AsyncGenerator<ObjectInfo> {
    if (prefix !== "drafts/") return;
    await Promise.resolve();
    for (let n = 0; n < DRAFTS; n++) {
      const name = `n${String(n % names).padStart(6, "0")}`, draft = String(n).padStart(6, "0");
      yield { key: `drafts/${name}/${draft}/0/${COMMIT}`, size: 100, modifiedAt: realSystem.now() };
    }
  }
  return {
    ...inner,
    list: (prefix, options) => prefix === "drafts/" ? list(prefix) : inner.list(prefix, options),
  };
}

/** Processor time that it takes to list the drafts, milliseconds: a busy machine does not change it much. */
async function cpuTimeOf(names: number): Promise<number> {
  const context = contextOf(await openRegistry(listing(names)), "list drafts");
  const report = {
    markAt: new Date(realSystem.now()),
    graceMs: context.settings.graceMs,
  } as GarbageReport;
  const collection = new Collection(context, { report, markKey: "" });
  const before = process.cpuUsage();
  await collectDrafts(collection);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

Deno.test("`gc` takes as long for many drafts of one name as for many names with one", async () => {
  await cpuTimeOf(1000); // compiles
  const spread = await cpuTimeOf(DRAFTS);
  const crowded = await cpuTimeOf(1);
  assert(
    crowded < 4 * spread + 500,
    `${crowded} ms for one name, ${spread} ms for ${DRAFTS} names`,
  );
});
