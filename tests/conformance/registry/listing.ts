// Cases about what lists.
import { saveMany } from "../../../registry/contract/many.ts";
import { asMap } from "../../../registry/contract/map.ts";
import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import { encodeName } from "../../../core/naming/names.ts";
import { collect, refused, type RegistryCase, versionsOf } from "./registry_case.ts";
import { given } from "../given.ts";
import { NO_NAMES } from "./saving.ts";

const VERSIONS = [
  "1.0.0",
  "2.0.0-rc.1",
  "1.10.0",
  "2.0.0",
  "1.2.0",
  "2.0.0-rc.10",
  "3.0.0-alpha",
  "0.1.0",
  "10.0.0",
];
const NEWEST_FIRST = [
  "10.0.0",
  "3.0.0-alpha",
  "2.0.0",
  "2.0.0-rc.10",
  "2.0.0-rc.1",
  "1.10.0",
  "1.2.0",
  "1.0.0",
  "0.1.0",
];

export const listingCases: readonly RegistryCase[] = [
  given("an empty registry lists nothing", async ({ registry }) => {
    deepStrictEqual(await collect(registry), []);
    deepStrictEqual(await collect(registry.names()), []);
    deepStrictEqual(await collect(asMap(registry).entries()), []);
    deepStrictEqual(await collect(registry.versions("a")), []);
  }),
  given(
    "names() lists names with a living version, each once, in the order of their encoding",
    async ({ registry, writer }) => {
      for (const name of ["b", "a", "c", "a-b", "a/b", "Ä", "keyed"]) await writer.save(name, 1);
      for (let i = 0; i < 3; i++) await writer.save("c", i);
      await writer.setAlias("a", "prod", "1");
      await writer.delete("a", { allVersions: true, force: true });
      await writer.delete("c@4.0.0");
      const names = await collect(registry.names());
      const there = ["b", "c", "a-b", "a/b", "Ä", "keyed"];
      deepStrictEqual(
        names,
        there.sort((x, y) => `${encodeName(x)}/` < `${encodeName(y)}/` ? -1 : 1),
      );
      deepStrictEqual(await collect(registry), names);
    },
  ),
  given(
    "names() accepts a prefix, a name to start after and a limit",
    async ({ registry, writer }) => {
      const all = ["con", "con-x", "con:y", "conx", "Con", "my:model", "my:data", "my", "ma"];
      for (const name of all) await writer.save(name, 1);
      for (const prefix of ["", "c", "con", "con:", "C", "my", "my:", "x"]) {
        const expected = all.filter((name) => name.startsWith(prefix)).sort();
        deepStrictEqual((await collect(registry.names({ prefix }))).sort(), expected, prefix);
      }
      const listed = await collect(registry.names());
      for (const [i, after] of listed.entries()) {
        deepStrictEqual(await collect(registry.names({ after })), listed.slice(i + 1), after);
        deepStrictEqual(await collect(registry.names({ limit: i })), listed.slice(0, i));
      }
      deepStrictEqual(await collect(registry.names({ prefix: "my", after: "my", limit: 1 })), [
        "my:data",
      ]);
      await refused("Invalid", collect(registry.names({ after: "" })));
    },
  ),
  given("names() lists all of many names, also page by page", async ({ registry, writer }) => {
    const { failed } = await saveMany(
      writer,
      Array.from({ length: 150 }, (_, i) => ({ name: `n/${i}`, value: i })),
    );
    deepStrictEqual(failed, []);
    const whole = await collect(registry.names());
    strictEqual(new Set(whole).size, 150);
    const paged: string[] = [];
    for (let page: string[] = [""]; page.length > 0 && paged.length <= 150;) {
      page = await collect(registry.names({ after: paged.at(-1), limit: 40 }));
      paged.push(...page);
    }
    deepStrictEqual(paged, whole);
    for await (const name of registry.names()) {
      strictEqual(name, whole[0]);
      break; // leaves nothing open
    }
  }),
  given(
    "versions() lists releases and prereleases together, newest first, up to a limit",
    async ({ registry, writer }) => {
      for (const version of VERSIONS) await writer.save("a", version, { version });
      deepStrictEqual(await versionsOf(registry, "a"), NEWEST_FIRST);
      const three = await collect(registry.versions("a", { limit: 3 }));
      deepStrictEqual(three.map(({ version }) => version), NEWEST_FIRST.slice(0, 3));
      deepStrictEqual(await collect(registry.versions("a", { limit: 0 })), []);
      for (const after of [...NEWEST_FIRST, "2.0.0-beta", "99"]) {
        const older = await collect(registry.versions("a", { after, limit: 3 }));
        const at = NEWEST_FIRST.indexOf(after === "2.0.0-beta" ? "1.10.0" : after);
        const from = after === "2.0.0-beta" ? at : at + 1;
        deepStrictEqual(
          older.map(({ version }) => version),
          NEWEST_FIRST.slice(from, from + 3),
          after,
        );
      }
      const inRange = await collect(registry.versions("a", { after: "1.10", range: "^1" }));
      deepStrictEqual(inRange.map(({ version }) => version), ["1.2.0", "1.0.0"]);
      await refused("Invalid", collect(registry.versions("a", { after: "x" })));
      await writer.delete("a@2");
      strictEqual((await versionsOf(registry, "a")).length, 8);
      for (const name of NO_NAMES) await refused("Invalid", collect(registry.versions(name)));
    },
  ),
  given(
    "versions() accepts a range, which includes prereleases only of the numbers that it contains",
    async ({ registry, writer }) => {
      for (const version of VERSIONS) await writer.save("a", version, { version });
      const ranges: Record<string, string[]> = {
        "^1": ["1.10.0", "1.2.0", "1.0.0"],
        "~1.2": ["1.2.0"],
        ">=2": ["10.0.0", "2.0.0"],
        ">=2.0.0-rc.2": ["10.0.0", "2.0.0", "2.0.0-rc.10"],
        "^3.0.0-0": ["3.0.0-alpha"],
        "<0.1": [],
        "1.x || 10": ["10.0.0", "1.10.0", "1.2.0", "1.0.0"],
        "2.0.0": ["2.0.0"],
      };
      for (const [range, expected] of Object.entries(ranges)) {
        deepStrictEqual(await versionsOf(registry, "a", range), expected, range);
      }
      await refused("Invalid", versionsOf(registry, "a", "newest"));
    },
  ),
  given(
    "versions() lists how often and when each was written, and its info with details",
    async ({ registry, writer }) => {
      for (let i = 0; i < 30; i++) await writer.save("a", i, { metadata: { i } });
      const plain = await collect(registry.versions("a"));
      strictEqual(plain.length, 30);
      for (const { name, generation, modifiedAt, info } of plain) {
        deepStrictEqual([name, generation, info], ["a", 1, undefined]);
        ok(modifiedAt instanceof Date && modifiedAt.getTime() > 0);
      }
      const detailed = await collect(registry.versions("a", { details: true }));
      deepStrictEqual(detailed.map(({ version }) => version), plain.map(({ version }) => version));
      deepStrictEqual(detailed[0].info, await registry.info("a"));
      deepStrictEqual(
        detailed.map(({ info }) => info?.metadata.i),
        Array.from({ length: 30 }, (_, i) => 29 - i),
      );
    },
  ),
  given(
    "versions() lists unreadable versions, with details and their errors, and continues",
    async ({ registry, writer, damage }) => {
      for (let i = 0; i < 3; i++) await writer.save("a", i);
      if (damage === undefined) return;
      await damage("a", "2.0.0");
      const versions = ["3.0.0", "2.0.0", "1.0.0"];
      const plain = await collect(registry.versions("a"));
      deepStrictEqual(
        plain.map(({ version, error }) => [version, error]),
        versions.map((one) => [one, undefined]),
      );
      const detailed = await collect(registry.versions("a", { details: true }));
      deepStrictEqual(detailed.map(({ version }) => version), versions);
      deepStrictEqual(detailed.map(({ info }) => info?.version), ["3.0.0", undefined, "1.0.0"]);
      deepStrictEqual(detailed.map(({ error }) => error?.code), [undefined, "Corrupt", undefined]);
      await refused("Corrupt", Promise.reject(detailed[1].error));
      await refused("Corrupt", registry.info("a@2"));
    },
  ),
  given(
    "entries() yields the error of an unreadable version and continues; values() throws it at its end, update() at once",
    async ({ registry, writer, damage }) => {
      for (const name of ["a", "b", "c"]) await writer.save(name, name);
      if (damage === undefined) return;
      await damage("b", "1.0.0");
      const entries = await collect(asMap(registry).entries());
      deepStrictEqual(entries.map(([name, value]) => [name, value]), [
        ["a", "a"],
        ["b", undefined],
        ["c", "c"],
      ]);
      deepStrictEqual(entries.map(([, , error]) => error?.code), [undefined, "Corrupt", undefined]);
      const values: unknown[] = [];
      const reading = async () => {
        for await (const value of asMap(registry).values()) values.push(value);
      };
      await refused("Corrupt", reading());
      deepStrictEqual(values, ["a", "c"]);
      await refused("Corrupt", asMap(writer).update(entries.slice(1)));
    },
  ),
  given("entries() adds the latest values to the names", async ({ registry, writer }) => {
    const values: Record<string, unknown> = { a: 1, b: [2], "c/d": "three" };
    for (const [name, value] of Object.entries(values)) {
      await writer.save(name, "older");
      await writer.save(name, value);
    }
    deepStrictEqual(Object.fromEntries(await collect(asMap(registry).entries())), values);
    deepStrictEqual(await collect(asMap(registry).entries({ prefix: "c" })), [["c/d", "three"]]);
    strictEqual((await collect(asMap(registry).entries({ limit: 2 }))).length, 2);
  }),
];
