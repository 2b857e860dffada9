import { assert, assertEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { openRegistry, saveMany } from "../../../../mod.ts";
import { createCheckedHandler } from "../checked_handler.ts";
import { createRandom } from "../../../simulate/random.ts";
import { slowTest } from "../../../support/seeds.ts";

const NAMES = 100;
const KIB = 1024;

interface Page {
  items: { name: string }[];
  total: number;
  next?: number;
}

async function openService(length: number, text: string) {
  const registry = await openRegistry("memory:");
  const metadata = { text };
  const names = Array.from({ length }, (_, i) => `name:${100 + i}`);
  await saveMany(registry, names.map((name, value) => ({ name, value, metadata })));
  const handler = createCheckedHandler(registry);
  const search = async (
    query: string,
    signal?: AbortSignal,
  ): Promise<{ page: Page; bytes: number }> => {
    const request = new Request(`http://localhost/search?${query}`, { signal });
    const text = await (await handler(request)).text();
    return { page: JSON.parse(text), bytes: text.length };
  };
  const close = async () => {
    await handler[Symbol.asyncDispose]();
    await registry.close();
  };
  return { names, search, [Symbol.asyncDispose]: close };
}

slowTest("pages of a search end early if results are large, and name the next offset", async () => {
  await using service = await openService(NAMES, "x".repeat(60 * KIB));
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

slowTest("a slow search lets other work go on, and ends with its client", async () => {
  const { pick } = createRandom(1);
  const text = Array.from({ length: 20 * KIB }, () => pick(["a", "b"])).join("");
  await using service = await openService(20, text);
  await service.search("limit=1"); // reads the index
  const client = new AbortController();
  let turns = 0;
  const count = () => {
    if (++turns === 2) client.abort();
    else setImmediate(count);
  };
  setImmediate(count);
  const query = `q=${encodeURIComponent("metadata.text!~(a|b)*a(a|b){90}$c")}`;
  const { page } = await service.search(query, client.signal);
  assertEquals(page.total, 0);
});
