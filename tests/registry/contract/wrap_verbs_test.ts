import { asMap } from "../../../registry/contract/map.ts";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createMemoryBackend, openRegistry } from "../../../mod.ts";
import { silentLogger } from "../../../core/system.ts";

Deno.test("methods log start, end and size at debug level, but no values", async () => {
  const lines: string[] = [];
  const all: unknown[] = [];
  const debug = (...said: unknown[]) => {
    lines.push(String(said[0]));
    all.push(said);
  };
  const logger = { ...silentLogger, debug };
  const registry = await openRegistry(createMemoryBackend(), { logger });
  const said = async (action: () => Promise<unknown>) => {
    lines.length = 0;
    await action().catch(() => {});
    const own = lines.filter((line) => /: (begins$|done in|failed after)/.test(line));
    return own.map((line) => line.replace(/\d+ ms/, "T"));
  };
  const saved = await said(() => registry.save("a", "secret", { metadata: { key: "secret" } }));
  assertEquals(saved, ['save "a": begins', 'save "a": done in T, 1.0.0, 6 bytes']);
  assertEquals(await said(() => registry.load("a@1")), [
    'load "a@1": begins',
    'load "a@1": done in T, 1.0.0, 6 bytes',
  ]);
  assertEquals(await said(() => registry.load("b")), [
    'load "b": begins',
    'load "b": failed after T, NotFound',
  ]);
  assertEquals(await said(() => registry.info("a")), [
    'info "a": begins',
    'info "a": done in T, 1.0.0',
  ]);
  await registry.save("told", { version: "secret", size: 7, succeeded: [], failed: [] });
  assertEquals(await said(() => registry.get("told")), [
    'get "told": begins',
    'get "told": done in T',
  ]);
  const copied = await said(() => registry.copy("told", "told"));
  assertMatch(copied[1], /^copy "told": done in T, 2\.0\.0, \d+ bytes$/);
  await registry.delete("told", { allVersions: true });
  const there = await said(() => registry.has("a"));
  assertEquals(there, ['has "a": begins', 'has "a": done in T']);
  const names = await said(() => Array.fromAsync(registry.names()));
  assertEquals(names, ["names: begins", "names: done in T, 1 item"]);
  const first = await said(async () => {
    for await (const _ of asMap(registry).keys()) break;
  });
  assertEquals(first, ["names: begins", "names: done in T, 1 item"]);
  const none = await said(() => Array.fromAsync(registry.history("a", "none")));
  assertEquals(none, ['history "a": begins', 'history "a": failed after T, NotFound']);
  assert(all.length > 10 && !JSON.stringify(all).includes("secret"));
  await registry[Symbol.asyncDispose]();
});
