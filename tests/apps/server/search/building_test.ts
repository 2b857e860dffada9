import { assertEquals } from "@std/assert";
import { realSystem } from "../../../../core/system.ts";
import { createAccess, parseScope } from "../../../../apps/server/access/access.ts";
import { openRegistry, saveMany } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { createScriptedSystem } from "../../../support/scripted_system.ts";

const NAMES = 100;

Deno.test("other requests are answered while the search index is built", async () => {
  const { promise: isPaused, resolve: paused } = Promise.withResolvers<void>();
  const { promise: goOn, resolve: go } = Promise.withResolvers<void>();
  const system = createScriptedSystem();
  await using registry = await openRegistry("memory:");
  await saveMany(
    registry,
    Array.from({ length: NAMES }, (_, at) => ({ name: `data/${at}`, value: at })),
  );
  const held = { ...system, sleep: () => (paused(), goOn) };
  await using handler = createCheckedHandler(registry, { system: held });
  const get = (path: string) => handler(new Request(`http://localhost${path}`));

  const ends: string[] = [];
  const search = get("/search").then((answer) => (ends.push("search"), answer));
  await Promise.race([isPaused, search]); // reading rests, or never did
  const names = await (await get("/names?limit=1")).json();
  ends.push("names");
  go();
  assertEquals((await (await search).json()).total, NAMES);
  assertEquals([names.items.length, ends], [1, ["names", "search"]]);
});

Deno.test("a partial search returns what is read so far", async () => {
  const pauses: (() => void)[] = [];
  const system = createScriptedSystem();
  await using registry = await openRegistry("memory:");
  await saveMany(
    registry,
    Array.from({ length: NAMES }, (_, at) => ({ name: `data/${at}`, value: at })),
  );
  /** Reading rests after each group of names; the moment of a partial search passes at once. */
  const sleep = (ms: number) =>
    ms === 0 ? new Promise<void>((resolve) => void pauses.push(resolve)) : until(pauses);
  const find = (scope: string | null) =>
    Promise.resolve(createAccess("t", [parseScope(scope ?? "read:*")]));
  const options = { system: { ...system, sleep }, tokens: { find } };
  await using handler = createCheckedHandler(registry, options);
  const search = async (query: string, authorization = "read:*") => {
    const headers = { authorization };
    return await (await handler(new Request(`http://localhost/search?${query}`, { headers })))
      .json();
  };

  const first = await search("partial=true&q=data");
  assertEquals([first.read, first.total], [32, 32]);
  for (const scope of ["read:data/1", "read:other"]) { // other names count nowhere
    const { read, total } = await search("partial=true&q=data", scope);
    assertEquals([read, total], scope === "read:other" ? [0, 0] : [1, 1]);
  }
  const whole = search("q=data");
  pauses.shift()!();
  const second = await search("partial=true");
  assertEquals([second.read, second.total], [64, 64]);
  for (pauses.shift()!(); (await search("partial=true")).read !== undefined;) pauses.shift()?.();
  assertEquals([(await whole).total, (await whole).read], [NAMES, undefined]);
});

/** Resolves when reading rests. */
async function until(pauses: readonly unknown[]): Promise<void> {
  while (pauses.length === 0) await realSystem.sleep(0);
}

Deno.test("a search index stops being built when the service closes", async () => {
  const { promise: isPaused, resolve: paused } = Promise.withResolvers<void>();
  const system = createScriptedSystem();
  await using registry = await openRegistry("memory:");
  await saveMany(
    registry,
    Array.from({ length: NAMES }, (_, at) => ({ name: `data/${at}`, value: at })),
  );
  const sleep = (_ms: number, signal?: AbortSignal) =>
    new Promise<void>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      paused();
    });
  const handler = createCheckedHandler(registry, { system: { ...system, sleep } });
  const search = handler(new Request("http://localhost/search"));
  await isPaused;
  await handler[Symbol.asyncDispose]();
  assertEquals((await search).ok, false);
});
