import process from "node:process";
import fs from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { localPath, openRegistry } from "../../../mod.ts";
import type { Draft } from "../../../extensions/transfers/mod.ts";
import type { FileToSave } from "../../../materializers/mod.ts";
import type { Registry } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { noise, testOnEach } from "../registries.ts";
import { rejected } from "../rejected.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend, ObjectInfo } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import {
  Collection,
  type GarbageReport,
} from "../../../extensions/maintenance/garbage/collection.ts";
import { collectDrafts } from "../../../extensions/maintenance/garbage/drafts.ts";
import { recordsOf } from "../../../registry/records.ts";
import { slowTest } from "../../support/seeds.ts";

const LARGE = noise(300_000, 2);
const encoder = new TextEncoder();

function files(contents: Record<string, string | Uint8Array>): FileToSave[] {
  return Object.entries(contents).map(([path, content]) => (
    { path, content: typeof content === "string" ? encoder.encode(content) : content }
  ));
}

/** Returns the content of a version by path: a string, or the digest of a longer one. */
async function contentOf(registry: Registry, ref: string): Promise<Record<string, string>> {
  const artifact = await registry.open(ref);
  const entries = artifact.files().map(async (file) => {
    const bytes = await file.bytes();
    return [
      file.info.path,
      bytes.byteLength > 100 ? sha256(bytes) : new TextDecoder().decode(bytes),
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

testOnEach("an existing part is not read again", async (world) => {
  const { registry, open } = world;
  const draft = await registry.openDraft("a", { id: "1" });
  const other = await (await open()).openDraft("a", { id: "1" });
  const makers = ["left", "right"].map((by) =>
    files({ "1.txt": `${by} 1`, "2.txt": `${by} 2`, "l.bin": LARGE })
  );
  const added = await Promise.all([draft.addPart("0", makers[0]), other.addPart("0", makers[1])]);
  assert(added.some(({ added }) => added));
  let asked = false;
  const never = {
    [Symbol.iterator]() {
      asked = true;
      return files({}).values();
    },
  };
  const again = await draft.addPart("0", never);
  assertEquals([again.added, again.files], [false, 3]);
  assertEquals(asked, false);
  await draft.commit();
  const { "1.txt": first, "2.txt": second } = await contentOf(registry, "a");
  assertEquals(first.split(" ")[0], second.split(" ")[0]);
});

testOnEach("a part keeps modes, links and empty folders", async ({ registry, root }) => {
  const folder = root.join("out");
  fs.mkdirSync(`${folder}/empty`, { recursive: true });
  fs.writeFileSync(`${folder}/run.sh`, "#!/bin/sh\n", { mode: 0o755 });
  fs.writeFileSync(`${folder}/l.bin`, LARGE);
  fs.symlinkSync("run.sh", `${folder}/link`);
  const draft: Draft = await registry.openDraft("a", { id: "1" });
  await draft.addPart("0", localPath(folder, { links: "keep" }), { compress: "gzip" });
  const saved = await draft.commit();
  const whole = await registry.save("b", localPath(folder, { links: "keep" }));
  assertEquals(saved.digest, whole.digest);
  await registry.download("a", { to: root.join("copy") });
  assertEquals(fs.readFileSync(root.join("copy", "link"), "utf8"), "#!/bin/sh\n");
});

testOnEach("parts are found among many, even after the end", async ({ registry }) => {
  const draft = await registry.openDraft("a", { id: "1" });
  const parts = ["-first", ...Array.from({ length: 120 }, (_, n) => `part ${n}`), "z last"];
  for (const part of parts) await draft.addPart(part, files({ [part]: part }));
  for (const part of ["-first", "part 60", "z last"]) {
    assertEquals((await draft.addPart(part, files({ other: part }))).added, false, part);
  }
  assertEquals((await draft.addPart("zz", files({ zz: "" }))).added, true);
  assertEquals((await draft.info()).parts.length, 123);
  await draft.commit();
  for (const part of ["-a", "0", "zzz"]) {
    await rejected("Conflict", draft.addPart(part, files({ part })));
  }
});

const DRAFTS = 60_000;
const COMMIT = "01951e2f-6c00-7abc-8def-0123456789ab";

/** A store that lists drafts of this many names. */
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

/** Returns the processor time of listing the drafts, milliseconds: stable on a busy machine. */
async function cpuTimeOf(names: number): Promise<number> {
  const context = recordsOf(await openRegistry(listing(names)), "list drafts");
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

slowTest("`gc` scales equally with drafts of one name and of many names", async () => {
  await cpuTimeOf(1000); // compiles
  const spread = await cpuTimeOf(DRAFTS);
  const crowded = await cpuTimeOf(1);
  assert(
    crowded < 4 * spread + 500,
    `${crowded} ms for one name, ${spread} ms for ${DRAFTS} names`,
  );
});
