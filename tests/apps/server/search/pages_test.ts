import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { openRegistry, saveMany } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { slowTest } from "../../../support/seeds.ts";

const NAMES = 100;
const KIB = 1024;

interface Page {
  items: { name: string }[];
  total: number;
  next?: number;
}

async function openService(length: number, bytes: number) {
  const registry = await openRegistry("memory:");
  const metadata = { text: "x".repeat(bytes) };
  const names = Array.from({ length }, (_, i) => `name:${100 + i}`);
  await saveMany(registry, names.map((name, value) => ({ name, value, metadata })));
  const handler = createCheckedHandler(registry);
  const search = async (query: string): Promise<{ page: Page; bytes: number }> => {
    const text = await (await handler(new Request(`http://localhost/search?${query}`))).text();
    return { page: JSON.parse(text), bytes: text.length };
  };
  const close = async () => {
    await handler[Symbol.asyncDispose]();
    await registry.close();
  };
  return { names, search, [Symbol.asyncDispose]: close };
}

slowTest("pages of a search end early if results are large, and name the next offset", async () => {
  await using service = await openService(NAMES, 60 * KIB);
  const found: string[] = [];
  let pages = 0;
  for (let offset: number | undefined = 0; offset !== undefined && pages < NAMES; pages++) {
    const { page, bytes } = await service.search(`q=name&limit=1000&offset=${offset}`);
    assert(bytes < 300 * KIB, `${bytes} bytes`);
    assertEquals(page.total, NAMES);
    found.push(...page.items.map(({ name }) => name));
    offset = page.next;
  }
  assertEquals([found, pages], [service.names, NAMES / 4]);
  const { page: { items, next } } = await service.search("limit=2&offset=3");
  assertEquals([items.map(({ name }) => name), next], [service.names.slice(3, 5), 5]);
  const end = await service.search(`offset=${NAMES}`);
  assertEquals([end.page.items, end.page.next], [[], undefined]);
});

slowTest("other work goes on while a large index is searched", async () => {
  await using service = await openService(900, 1);
  await service.search("limit=1"); // reads the index
  let turns = 0, ended = false;
  const count = () => {
    turns++;
    if (!ended) setImmediate(count);
  };
  setImmediate(count);
  await service.search("limit=1&q=name+x");
  ended = true;
  assert(turns >= 3, `${turns} turns of the event loop`);
});
