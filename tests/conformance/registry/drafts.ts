// Cases about drafts.
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import type { FileToSave } from "../../../core/materializer.ts";
import type { Registry } from "../../../core/registry.ts";
import {
  aliasesOf,
  collect,
  files as byPath,
  noise,
  refused,
  text,
  versionsOf,
} from "./registry_case.ts";
import { given } from "../given.ts";
import type { RegistryCase } from "./registry_case.ts";

function files(contents: Record<string, string | Uint8Array>): FileToSave[] {
  return Object.entries(contents).map(([path, content]) => (
    { path, content: typeof content === "string" ? text(content) : content }
  ));
}

/** Returns the content of the files of a version by path: a string, or its length. */
async function contentOf(
  registry: Registry,
  ref: string,
): Promise<Record<string, string | number>> {
  const all = (await registry.open(ref)).files().map(async (file) => {
    const bytes = await file.bytes();
    return [
      file.info.path,
      bytes.byteLength > 100 ? bytes.byteLength : new TextDecoder().decode(bytes),
    ];
  });
  return Object.fromEntries(await Promise.all(all));
}

export const draftCases: readonly RegistryCase[] = [
  given(
    "many writers add parts to a draft, and one commits a version with all files",
    async ({ registry, reopen }) => {
      const programs = [registry, await reopen(), await reopen()];
      const drafts = await Promise.all(
        programs.map((each) => each.openDraft("data:clean", { id: "run 7: é" })),
      );
      deepStrictEqual([drafts[0].name, drafts[0].id], ["data:clean", "run 7: é"]);
      await Promise.all(
        drafts.map((draft, i) =>
          draft.addPart(
            `${i}/3`,
            files({ [`${i}/large.bin`]: noise(300_000, i + 1), [`${i}/s.txt`]: `part ${i}` }),
          )
        ),
      );
      deepStrictEqual(await collect(registry.names()), []);
      const info = await drafts[2].info();
      deepStrictEqual([info.state, info.parts.map(({ part }) => part)], ["open", [
        "0/3",
        "1/3",
        "2/3",
      ]]);
      ok(info.parts.every(({ addedAt }) => addedAt instanceof Date));
      deepStrictEqual(
        (await drafts[1].files()).map(({ path, part, size }) => [path, part, size]).slice(0, 2),
        [
          ["0/large.bin", "0/3", 300_000],
          ["0/s.txt", "0/3", 6],
        ],
      );
      await refused("NotFound", drafts[1].commit({ inputs: ["data:rwa"] }));
      const saved = await drafts[1].commit({
        metadata: { by: "three" },
        inputs: [{ ref: "data:raw@1", digest: null }],
      });
      deepStrictEqual([saved.name, saved.version, saved.size, saved.skipped], [
        "data:clean",
        "1.0.0",
        900_018,
        false,
      ]);
      deepStrictEqual(await contentOf(registry, "data:clean"), {
        "0/large.bin": 300_000,
        "0/s.txt": "part 0",
        "1/large.bin": 300_000,
        "1/s.txt": "part 1",
        "2/large.bin": 300_000,
        "2/s.txt": "part 2",
      });
      const { metadata, inputs, materializer } = await registry.info("data:clean");
      deepStrictEqual([metadata, inputs, materializer.id], [
        { by: "three" },
        ["data:raw@1"],
        "folder",
      ]);
    },
    { needs: ["save"] },
  ),
  given(
    "a draft is committed once: repeated and concurrent commits return that version",
    async ({ registry, reopen }) => {
      const draft = await registry.openDraft("a", { id: "1" });
      await draft.addFile("a.txt", text("x"));
      const same = await (await reopen()).openDraft("a", { id: "1" });
      const saved = await Promise.all([
        draft.commit(),
        same.commit(),
        draft.commit(),
        same.commit(),
      ]);
      strictEqual(new Set(saved.map(({ commit }) => commit)).size, 1);
      strictEqual(saved.filter(({ skipped }) => !skipped).length, 1);
      const again = await same.commit();
      deepStrictEqual([again.commit, again.skipped], [saved[0].commit, true]);
      deepStrictEqual(await versionsOf(registry, "a"), ["1.0.0"]);
      const { state, version } = await draft.info();
      deepStrictEqual([state, version], ["committed", "1.0.0"]);
    },
    { needs: ["save"] },
  ),
  given("commit({ alias }) sets aliases, also in a repeat", async ({ registry, reopen }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addFile("a.txt", text("x"));
    await refused("Invalid", draft.commit({ alias: ["production", "latest"] }));
    strictEqual(await registry.has("a"), false);
    await draft.commit({ alias: "production" });
    deepStrictEqual(await aliasesOf(registry, "a"), { production: "1.0.0" });
    await registry.save("a", 2, { alias: "production" });
    const same = await (await reopen()).openDraft("a", { id: "1" });
    const { version, skipped } = await same.commit({ alias: ["production", "canary"] });
    deepStrictEqual([version, skipped], ["1.0.0", true]);
    const aliases = { canary: "1.0.0", production: "2.0.0" }; // must not move it back
    deepStrictEqual(await aliasesOf(registry, "a"), aliases);
  }, { needs: ["save"] }),
  given("an existing part is not added again", async ({ registry }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    const first = await draft.addPart("0", files({ "1.txt": "first", "2.bin": noise(300_000) }));
    deepStrictEqual(first, { added: true, files: 2, size: 300_005 });
    deepStrictEqual(await draft.addPart("0", files({ "1.txt": "other" })), {
      ...first,
      added: false,
    });
    await draft.commit();
    strictEqual((await contentOf(registry, "a"))["1.txt"], "first");
  }, { needs: ["save"] }),
  given(
    "an ended draft accepts no parts, and reports its outcome",
    async ({ registry }) => {
      const draft = await registry.openDraft("a", { id: "1" });
      strictEqual(await draft.discard(), false, "nothing is in it");
      await draft.addPart("0", files({ a: "1" }));
      await draft.commit();
      match(
        (await refused("Conflict", draft.addPart("1", files({ b: "1" })))).message,
        /committed/,
      );
      strictEqual(await draft.discard(), false);
      const other = await registry.openDraft("a", { id: "2" });
      await other.addPart("0", files({ a: "2" }));
      strictEqual(await other.discard(), true);
      strictEqual((await other.info()).state, "discarded");
      await refused("Conflict", other.addPart("1", files({ b: "1" })));
      await refused("Conflict", other.commit());
      deepStrictEqual(await versionsOf(registry, "a"), ["1.0.0"]);
    },
    { needs: ["save"] },
  ),
  given(
    "a committed draft returns its version for its own parts only, and accepts its parts again",
    async ({ registry, reopen }) => {
      const draft = await registry.openDraft("a", { id: "1" });
      for (const part of ["a", "b"]) await draft.addPart(part, files({ [part]: part }));
      const { commit } = await draft.commit({ parts: ["a"] });
      const same = await (await reopen()).openDraft("a", { id: "1" });
      strictEqual((await same.commit({ parts: ["a"] })).commit, commit);
      match((await refused("Conflict", same.commit({ parts: ["a", "b"] }))).message, /other parts/);
      deepStrictEqual(await same.addPart("a", files({ a: "again" })), {
        added: false,
        files: 1,
        size: 1,
      });
      await refused("Conflict", same.addPart("b", files({ b: "again" })));
      deepStrictEqual((await same.info()).parts.map(({ part }) => part), ["a"]);
      deepStrictEqual(await contentOf(registry, "a"), { a: "a" });
    },
    { needs: ["save"] },
  ),
  given(
    "a draft refuses missing, empty and duplicate parts, and saves nothing then",
    async ({ registry }) => {
      const draft = await registry.openDraft("a", { id: "1" });
      await refused("NotFound", draft.commit());
      await draft.addPart("0", files({ "out.csv": "0" }));
      await refused("NotFound", draft.commit({ parts: ["0", "1"] }));
      await draft.addPart("1", files({ "out.csv": "1" }));
      await refused("Invalid", draft.commit());
      strictEqual(await registry.has("a"), false);
      for (const bad of ["", "a@b", "x".repeat(201)]) {
        await refused("Invalid", registry.openDraft("a", { id: bad }));
        await refused("Invalid", draft.addPart(bad, files({ b: "1" })));
        await refused("Invalid", registry.openDraft(bad, { id: "1" }));
      }
      await refused("Invalid", draft.addPart("2", files({ "../b": "1" })));
      await refused("Invalid", draft.addPart("2", "a text" as unknown as object));
      const how = { parts: ["1"], version: "3", as: byPath };
      strictEqual((await draft.commit(how)).version, "3.0.0");
      deepStrictEqual(await registry.load("a", { as: byPath }), { "out.csv": text("1") });
    },
    { needs: ["save"] },
  ),
];
