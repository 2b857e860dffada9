import { assertEquals, assertThrows } from "@std/assert";
import { RegistryError } from "../../../../mod.ts";
import { parseQuery, searchText } from "../../../../apps/server/search/query.ts";

const VERSION = {
  name: "models/Bert",
  version: "2.0.0",
  aliases: ["production"],
  metadata: { epochs: 10, by: "Ann Lee", data: { rows: 9 }, done: true, tags: ["nlp"] },
  kind: "json",
  createdAt: "2026-01-01T00:00:00.000Z",
};
const meets = (query: string) => parseQuery(query)(VERSION, searchText(VERSION));

Deno.test("filters compare numbers, and nested keys by their path", () => {
  const yes = [
    "metadata.epochs>9",
    "metadata.epochs>=10",
    "metadata.epochs=10.0",
    "metadata.epochs!=3",
    "metadata.none!=1",
    "metadata.__proto__!=1",
    "metadata.data.rows<10",
    "metadata.done=true",
    'metadata.by="Ann Lee"',
    "alias=production",
    "name=models/Bert",
    "bert metadata.epochs<=10",
    "bert metadata.epochs > 9",
    'metadata.by = "Ann Lee" metadata.epochs >=10 nlp',
  ];
  for (const query of yes) assertEquals(meets(query), true, query);
  const no = [
    "metadata.epochs>10",
    "metadata.epochs > 10",
    "metadata.none=1",
    "metadata.__proto__=1",
    "metadata.done>0",
    "alias=canary",
    "metadata.data.rows.x=9",
  ];
  for (const query of no) assertEquals(meets(query), false, query);
});

Deno.test("a filter without a value finds what has none, or with != what has one", () => {
  const metadata = { none: null, empty: "", zero: 0, no: false, nan: "NaN" };
  const version = { ...VERSION, metadata };
  const found = (query: string, of = version) => parseQuery(query)(of, "");
  for (const key of ["none", "empty", "missing", "zero.deeper"]) {
    assertEquals([found(`metadata.${key}=`), found(`metadata.${key}!=`)], [true, false], key);
  }
  for (const key of ["zero", "no", "nan"]) {
    assertEquals([found(`metadata.${key}=`), found(`metadata.${key}!=`)], [false, true], key);
  }
  assertEquals([found("alias="), found("alias!=")], [false, true]);
  assertEquals(found("alias=", { ...version, aliases: [] }), true);
});

Deno.test("a version has the state in which its run ended", () => {
  const run = { id: "7", startedAt: VERSION.createdAt, points: 1 };
  const cases = [
    [{ run }, "finished"],
    [{ run: { ...run, failed: "" } }, "failed"],
    [{ run: { ...run, failed: "the loss is NaN" } }, "failed"],
    [{ run: { ...run, failed: "KILLED" } }, "killed"],
    [{ run: "train@1", pipeline: "train" }, "finished"],
    [{ run: "train@1", pipeline: "train", end: "failed" }, "failed"],
    [{ run: "train@1", pipeline: "train", end: "cancelled" }, "cancelled"],
    [{ run: "a word", end: "failed" }, ""],
    [{ run: { failed: true } }, ""],
    [{ state: "failed" }, ""],
  ] as const;
  for (const [metadata, state] of cases) {
    const found = (query: string) => parseQuery(query)({ ...VERSION, metadata }, "");
    for (const each of ["", "finished", "failed", "killed", "cancelled"]) {
      assertEquals(found(`state=${each}`), state === each, `${JSON.stringify(metadata)} ${each}`);
      assertEquals(found(`state!=${each}`), state !== each);
    }
  }
});

Deno.test("too long queries and empty bounds are refused", () => {
  assertThrows(() => parseQuery("a ".repeat(21)), RegistryError, "21 terms");
  assertThrows(() => parseQuery("metadata.a>"), RegistryError, "there is no value");
});

Deno.test("filters by other fields are refused unless quoted", () => {
  for (const query of ["epochs>3", "bert data.rows=9", "sizes<=3", "Name=x"]) {
    assertEquals(assertThrows(() => parseQuery(query), RegistryError).code, "Invalid", query);
  }
  const { hint } = assertThrows(() => parseQuery('author="Ann Lee"'), RegistryError);
  assertEquals(hint, 'Write metadata.author="Ann Lee", or quote a word: "author=Ann Lee".');
  const version = { ...VERSION, metadata: { note: "loss=low name=x" } };
  const found = (query: string) => parseQuery(query)(version, searchText(version));
  for (const query of ['"loss=low"', '"name=x"']) assertEquals(found(query), true);
  for (const query of ["https://x?loss=low", ">3", "="]) parseQuery(query);
});
