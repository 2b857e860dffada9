// Listing: order, prefix, after, limit, delimiter.
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { isPrefix } from "../../../core/backend.ts";
import { compareUtf8 } from "../../../core/bytes/bytes.ts";
import { given } from "../given.ts";
import type { BackendCase } from "./backend_case.ts";
import { listed, putAll, text } from "./samples.ts";

/** Sorted: `-` and `.` before `/`, `0` after it, and U+FF5E before U+1F600, unlike UTF-16. */
const KEYS = "A/z a-b a.b a/b a/c-d/e a/c/d a/c/e a/c0 a0 b/1 b/10 b/2 é ～/x 😀/y".split(" ");

/** Cases about `list`. */
export const listingCases: readonly BackendCase[] = [
  given("list() of an unused prefix is empty", async ({ backend }) => {
    deepStrictEqual(await listed(backend, ""), []);
    deepStrictEqual(await listed(backend, "a/"), []);
    await putAll(backend, ["a/b"]);
    for (const prefix of ["b", "a/c", "a/b/", "a/b/c", "a/bb", "A"]) {
      deepStrictEqual(await listed(backend, prefix), [], prefix);
    }
  }),
  given("list() is in the order of UTF-8 bytes", async ({ backend }) => {
    await putAll(backend, KEYS.toReversed());
    deepStrictEqual(await listed(backend, ""), KEYS);
  }),
  given("list() of heads has the first key of each folder", async ({ backend }) => {
    await putAll(backend, KEYS);
    const given = new Set(await listed(backend, "", { firstPerFolder: true }));
    const folderOf = (key: string) => key.slice(0, key.lastIndexOf("/") + 1);
    for (const [i, key] of KEYS.entries()) {
      const isFirst = !key.includes("/") || KEYS[i - 1] === undefined ||
        folderOf(KEYS[i - 1]) !== folderOf(key);
      if (isFirst) ok(given.delete(key), key);
      else given.delete(key);
    }
    deepStrictEqual([...given], []);
  }),
  given("list() has size and time of each object", async ({ backend }) => {
    await putAll(backend, ["a/b", "a/long"]);
    for await (const entry of backend.list("a/")) {
      ok(!isPrefix(entry));
      strictEqual(entry.size, entry.key.length);
      ok(entry.modifiedAt > Date.UTC(2020, 0));
    }
  }),
  given("list() takes any string as prefix", async ({ backend }) => {
    await putAll(backend, KEYS);
    for (const prefix of ["a", "a/", "a/c", "a/c/", "a/c/d", "b/1", "～", "😀/"]) {
      deepStrictEqual(
        await listed(backend, prefix),
        KEYS.filter((key) => key.startsWith(prefix)),
        prefix,
      );
    }
  }),
  given("list() after any string has only what follows it", async ({ backend }) => {
    await putAll(backend, KEYS);
    for (
      const after of [
        ...KEYS,
        "",
        "0",
        "a",
        "a/",
        "a/c",
        "a/c/",
        "a/c/d/",
        "a/c~",
        "a/d",
        "b",
        "￿",
        "😀/z",
      ]
    ) {
      for (const prefix of ["", "a", "a/c", "a/c/", "b/"]) {
        const expected = KEYS.filter((key) =>
          key.startsWith(prefix) && compareUtf8(key, after) > 0
        );
        deepStrictEqual(
          await listed(backend, prefix, { after }),
          expected,
          `${prefix} after ${after}`,
        );
      }
    }
  }),
  given("list() yields at most `limit` entries", async ({ backend }) => {
    await putAll(backend, KEYS);
    for (const limit of [0, 1, 2, 3, 4, 14, 15, 16, Infinity]) {
      deepStrictEqual(await listed(backend, "", { limit }), KEYS.slice(0, limit));
    }
  }),
  given("a delimiter groups deeper keys in order", async ({ backend }) => {
    await putAll(backend, KEYS);
    const top = ["A/", "a-b", "a.b", "a/", "a0", "b/", "é", "～/", "😀/"];
    deepStrictEqual(await listed(backend, "", { delimiter: "/" }), top);
    deepStrictEqual(await listed(backend, "a/", { delimiter: "/" }), [
      "a/b",
      "a/c-d/",
      "a/c/",
      "a/c0",
    ]);
    deepStrictEqual(await listed(backend, "a/c", { delimiter: "/" }), ["a/c-d/", "a/c/", "a/c0"]);
    deepStrictEqual(await listed(backend, "a", { delimiter: "/" }), ["a-b", "a.b", "a/", "a0"]);
    deepStrictEqual(await listed(backend, "a/c/", { delimiter: "/" }), ["a/c/d", "a/c/e"]);
  }),
  given("pages with a delimiter continue after a key or a prefix", async ({ backend }) => {
    await putAll(backend, KEYS);
    for (const prefix of ["", "a", "a/", "b/"]) {
      const all = await listed(backend, prefix, { delimiter: "/" });
      for (const limit of [1, 2, 5]) {
        deepStrictEqual(
          await paged(backend, prefix, { delimiter: "/", limit }),
          all,
          `${prefix} by ${limit}`,
        );
      }
      const whole = prefix === "" ? undefined : prefix;
      deepStrictEqual(
        await listed(backend, prefix, { delimiter: "/", after: whole }),
        all.filter((key) => key !== prefix),
      );
    }
  }),
  given("a prefix vanishes with its last object", async ({ backend }) => {
    await putAll(backend, ["a/b/1", "a/b/2", "a/c/d/1"]);
    await backend.delete("a/b/1");
    deepStrictEqual(await listed(backend, "a/", { delimiter: "/" }), ["a/b/", "a/c/"]);
    await backend.delete("a/c/d/1");
    deepStrictEqual(await listed(backend, "a/", { delimiter: "/" }), ["a/b/"]);
    await backend.delete("a/b/2");
    deepStrictEqual(await listed(backend, "", { delimiter: "/" }), []);
  }),
  given("list() has all of 1,100 objects", async ({ backend }) => {
    const keys = Array.from({ length: 1100 }, (_, i) => `many/${String(i).padStart(5, "0")}`);
    await putAll(backend, keys);
    deepStrictEqual(await listed(backend, "many/"), keys);
    deepStrictEqual(
      await listed(backend, "many/", { after: keys[998], limit: 4 }),
      keys.slice(999, 1003),
    );
    deepStrictEqual(await listed(backend, "", { delimiter: "/" }), ["many/"]);
  }),
  given("list() can be left before its end", async ({ backend }) => {
    await putAll(backend, KEYS);
    for await (const entry of backend.list("")) {
      ok(!isPrefix(entry));
      strictEqual(entry.key, KEYS[0]);
      break;
    }
    await backend.put("a/b", text("new"));
  }),
  given("list() shows finished puts and deletes", async ({ backend }) => {
    for (let i = 0; i < 50; i++) {
      await backend.put(`a/${i}`, text("x"));
      deepStrictEqual(await listed(backend, `a/${i}`), [`a/${i}`]);
      await backend.delete(`a/${i}`);
      deepStrictEqual(await listed(backend, "a/"), []);
    }
  }),
];

async function paged(
  backend: Parameters<BackendCase["run"]>[0]["backend"],
  prefix: string,
  options: { limit: number; delimiter?: "/" },
): Promise<string[]> {
  const found: string[] = [];
  for (;;) {
    const page = await listed(backend, prefix, { ...options, after: found.at(-1) });
    if (page.length === 0) return found;
    ok(page.length <= options.limit);
    found.push(...page);
  }
}
