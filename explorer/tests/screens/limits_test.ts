// Notes on what a list leaves out appear only if it leaves something out.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { Service } from "../../src/api/service.ts";
import { readVersions } from "../../src/api/names.ts";
import { IGNORED, openExplorer, SKIPPED } from "../support/browser.ts";

/** A service with a listing of numbers, in pages of some. */
function listingOf(count: number, page: number): Service {
  const service = new Service("http://localhost/");
  service.json = <T>(_: string, { query = {} }: Parameters<Service["json"]>[1] = {}) => {
    const from = Number(query.after ?? 0);
    const to = Math.min(count, from + Math.min(page, Number(query.limit)));
    const items = Array.from({ length: to - from }, (_, i) => from + i);
    return Promise.resolve({ items, ...to < count && { next: String(to) } } as T);
  };
  return service;
}

Deno.test("the beginning of a listing is cut only if more items follow", async () => {
  const cases = [[0, false], [1, false], [9, false], [10, false], [11, true], [25, true]] as const;
  for (const [count, isCut] of cases) {
    for (const page of [1, 3, 10, 100]) {
      const found = await listingOf(count, page).first<number>("numbers", 10);
      assertEquals(found.items, Array.from({ length: Math.min(count, 10) }, (_, i) => i));
      assertEquals(found.isCut, isCut, `${count} in pages of ${page}`);
    }
  }
});

Deno.test("versions are cut only if older ones are left out", async () => {
  const signal = new AbortController().signal;
  for (const [count, isCut] of [[9, false], [10, false], [11, true]] as const) {
    const summary = { name: "m", versions: [], aliases: [], next: "0" };
    const options = { metadata: [], whole: 4, limit: 10, signal, onItems() {} };
    const read = await readVersions(listingOf(count, 3), summary, options);
    assertEquals([read.items.length, read.isCut], [Math.min(count, 10), isCut]);
  }
});

/** Returns a page of listed versions: `2.0.0` is before `1.0.0`. */
function versionsPage(count: number, { after, limit }: { after: number; limit: number }) {
  const first = count - after;
  const items = Array.from({ length: Math.min(limit, first) }, (_, i) => {
    const version = `${first - i}.0.0`;
    const at = "2026-01-01T00:00:00.000Z";
    return { name: "team:net", version, modifiedAt: at };
  });
  const to = after + items.length;
  return { items, ...to < count && { next: String(to) } };
}

for (const [count, isCut] of [[10_000, false], [10_001, true]] as const) {
  Deno.test({
    name: `a page of ${count} versions says ${isCut ? "" : "not "}that others are left out` +
      SKIPPED,
    ignore: IGNORED,
    async fn() {
      await using registry = await openRegistry("memory:");
      await registry.save("team:net", 1);
      await using explorer = await openExplorer(registry, {
        between(request, answer) {
          const { pathname, searchParams } = new URL(request.url);
          const path = decodeURIComponent(pathname);
          if (!path.endsWith("/artifacts/team:net/versions")) return answer(request);
          const [after, limit] = ["after", "limit"].map((key) => Number(searchParams.get(key)));
          const page = versionsPage(count, { after: after ?? 0, limit: limit ?? 0 });
          return Promise.resolve(Response.json(page));
        },
      });
      const { page, url, errors } = explorer;
      await page.goto(`${url}#/artifacts/team%3Anet`);
      await page.getByText("10,000 of 10,000 versions", { exact: true }).waitFor();
      const note = page.getByText("Only the newest 10,000 versions are shown.");
      assertEquals(await note.count(), isCut ? 1 : 0);
      assertEquals(errors.filter((error) => !error.includes("404")), []); // none is stored
    },
  });
}
