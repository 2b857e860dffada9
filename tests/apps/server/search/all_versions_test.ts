import { assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { openRegistry } from "../../../../mod.ts";
import { annotate } from "../../../../registry/mod.ts";
import { damageRecord } from "../../../registry/conformance/open_on.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";
import { createCheckedHandler } from "../checked_handler.ts";

interface Found {
  items: { name: string; version: string; aliases: string[] }[];
  ageMs: number;
  read?: number;
}

/** Opens a service with 60 versions of `runs`, whose first is `best`, and one of `other`. */
async function openRuns(options: Parameters<typeof createCheckedHandler>[1] = {}) {
  const registry = await openRegistry("memory:");
  for (let step = 1; step <= 60; step++) {
    await registry.save("runs", step, { version: `${step}.0.0`, metadata: { step } });
  }
  await registry.setAlias("runs", "best", "1.0.0");
  await registry.save("other", 1, { metadata: { step: 100 } });
  const handler = createCheckedHandler(registry, options);
  const search = async (query: string): Promise<Found> =>
    await (await handler(new Request(`http://localhost/search?${query}`))).json();
  const close = async () => {
    await handler[Symbol.asyncDispose]();
    await registry.close();
  };
  return { registry, search, [Symbol.asyncDispose]: close };
}

const versionsOf = ({ items }: Found) => items.map(({ name, version }) => `${name}@${version}`);

Deno.test("a search finds every version, newest first", async () => {
  await using service = await openRuns();
  assertEquals(versionsOf(await service.search("q=metadata.step<=3")), [
    "runs@3.0.0",
    "runs@2.0.0",
    "runs@1.0.0",
  ]);
  const all = versionsOf(await service.search("limit=1000"));
  assertEquals([all.length, new Set(all).size], [61, 61]);
});

Deno.test("newest searches the newest version of each name", async () => {
  await using service = await openRuns();
  assertEquals(versionsOf(await service.search("newest=true")), ["other@1.0.0", "runs@60.0.0"]);
  assertEquals(versionsOf(await service.search("newest=true&q=metadata.step<60")), []);
});

Deno.test("versions with an alias are found before older ones are read", async () => {
  const pauses: (() => void)[] = [];
  const paused = Promise.withResolvers<void>();
  const sleep = (ms: number) =>
    ms > 0 ? paused.promise : new Promise<void>((resolve) => {
      pauses.push(resolve);
      paused.resolve();
    });
  await using service = await openRuns({ system: { ...createScriptedSystem(), sleep } });
  const first = await service.search("partial=true&q=metadata.step<=3");
  assertEquals(versionsOf(first), ["runs@1.0.0"]);
  assertEquals([first.items[0]?.aliases, first.read], [["best"], 1]);
  for (let left = 100; left > 0; left--) {
    for (const go of pauses.splice(0)) go();
    const { read } = await service.search("partial=true");
    if (read === undefined) break;
  }
  assertEquals(versionsOf(await service.search("q=alias=best")), ["runs@1.0.0"]);
});

Deno.test("a damaged version hides no other", async () => {
  await using service = await openRuns();
  await damageRecord(service.registry.backend, "runs@50.0.0");
  const found = versionsOf(await service.search("q=name=runs&limit=1000"));
  assertEquals([found.length, found.includes("runs@50.0.0")], [59, false]);
});

Deno.test("labels of an old version with an alias are those of the last minute", async () => {
  let now = realSystem.now();
  await using service = await openRuns({ system: { ...realSystem, now: () => now } });
  const label = async (checked: number) => {
    await annotate(service.registry, "runs@1.0.0", { labels: { checked } });
    now += 61_000;
    while ((await service.search("q=")).ageMs > 0) await realSystem.sleep(0); // refreshed
    return versionsOf(await service.search(`q=labels.checked=${checked}`));
  };
  assertEquals(await label(1), ["runs@1.0.0"]);
  assertEquals(await label(2), ["runs@1.0.0"]);
});
