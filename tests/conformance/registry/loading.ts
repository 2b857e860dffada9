// Cases about loading, opening and looking.
import { deepStrictEqual, match, ok, strictEqual } from "node:assert/strict";
import { readAll } from "../../../core/bytes/bytes.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import type { TransferProgress } from "../../../core/registry.ts";
import type { StandardSchema } from "../../../core/standard_schema.ts";
import { files, noise, refused, type RegistryCase, text } from "./registry_case.ts";
import { assertBytes, sameBytes } from "../backend/samples.ts";
import { given } from "../given.ts";
import { NO_NAMES } from "./saving.ts";

/** Invalid refs. */
const NO_REFS = ["", "@1", "a@", "a@1@2", "a@1_0", "a@01", "a@ 1 ", "a@1.2.3.4", " a", "a\0"];

export const loadCases: readonly RegistryCase[] = [
  given(
    "load() finds a version by its number, a range, an alias or as the latest",
    async ({ registry, writer }) => {
      for (const version of ["1.0.0", "1.2.0", "1.10.0", "2.0.0", "3.0.0-rc.1"]) {
        await writer.save("a", version, { version });
      }
      await writer.setAlias("a", "production", "1.2.0");
      const found: Record<string, string> = {
        "a": "2.0.0",
        "a@latest": "2.0.0",
        "a@1.2": "1.2.0",
        "a@1.2.0": "1.2.0",
        "a@^1": "1.10.0",
        "a@~1.2": "1.2.0",
        "a@<2": "1.10.0",
        "a@1.x": "1.10.0",
        "a@*": "2.0.0",
        "a@1.0.0 || 1.2.0": "1.2.0",
        "a@>=3.0.0-rc.0": "3.0.0-rc.1",
        "a@3.0.0-rc.1": "3.0.0-rc.1",
        "a@production": "1.2.0",
      };
      for (const [ref, value] of Object.entries(found)) {
        strictEqual(await registry.load(ref), value, ref);
        strictEqual((await registry.info(ref)).version, value, ref);
        strictEqual((await registry.open(ref)).info.version, value, ref);
        strictEqual(await registry.has(ref), true, ref);
        strictEqual(await registry.get(ref), value, ref);
      }
      strictEqual(await registry.load("a", { version: "^1" }), "1.10.0");
      strictEqual((await registry.info("a", { version: "production" })).version, "1.2.0");
    },
  ),
  given(
    "load() uses a materializer that a save, a load or a draft was given, until one is registered",
    async ({ registry, writer }) => {
      class Shop {
        readonly city: string;
        constructor(city: string) {
          this.city = city;
        }
      }
      const shop = (id: string) =>
        defineMaterializer({
          id,
          save: ({ city }: Shop) => [{ path: "shop.txt", content: text(city) }],
          load: async (artifact) =>
            new Shop(new TextDecoder().decode(await artifact.file("shop.txt").bytes())),
        });
      await writer.save("a", new Shop("Oslo"), { as: shop("acme/shop") });
      deepStrictEqual(await registry.load("a", { as: shop("acme/shop") }), new Shop("Oslo"));
      deepStrictEqual(await registry.load("a"), new Shop("Oslo"));
      if (registry === writer) {
        await writer.save("b", new Shop("Bern"), { as: shop("acme/saved") });
        deepStrictEqual(await writer.load("b"), new Shop("Bern"));
        const draft = await writer.openDraft("c", { id: "1" });
        await draft.addFile("shop.txt", text("Rome"));
        await draft.commit({ as: shop("acme/draft") });
        deepStrictEqual(await writer.load("c"), new Shop("Rome"));
      }
      registry.materializers.register({ ...shop("acme/shop"), load: () => new Shop("registered") });
      deepStrictEqual(await registry.load("a"), new Shop("registered"));
    },
  ),
  given(
    "a missing version is NotFound; has() returns false, and get() undefined",
    async ({ registry, writer }) => {
      await writer.save("a", 1, { version: "1.5.0" });
      for (const ref of ["b", "b@1", "a@1.4", "a@^2", "a@canary", "b@canary"]) {
        await refused("NotFound", registry.load(ref));
        await refused("NotFound", registry.open(ref));
        await refused("NotFound", registry.info(ref));
        strictEqual(await registry.has(ref), false, ref);
        strictEqual(await registry.get(ref), undefined, ref);
      }
      await writer.delete("a@1.5.0");
      for (const ref of ["a", "a@1.5", "a@^1"]) {
        await refused("NotFound", registry.load(ref));
        strictEqual(await registry.has(ref), false, ref);
      }
    },
  ),
  given("an invalid ref or name is Invalid", async ({ registry, writer }) => {
    await writer.save("a", 1);
    for (const ref of [...NO_REFS, ...NO_NAMES]) {
      await refused("Invalid", registry.load(ref));
      await refused("Invalid", registry.open(ref));
      await refused("Invalid", registry.info(ref));
      await refused("Invalid", registry.has(ref));
      await refused("Invalid", registry.get(ref));
    }
    match((await refused("Invalid", registry.load("a@1", { version: "1" }))).hint!, /not both/);
  }),
  given(
    "load() accepts the materializer that saved the value, and refuses another or an older one",
    async ({ registry, writer }) => {
      const note = (formatVersion: number, id = "test/note") =>
        defineMaterializer<string>({
          id,
          formatVersion,
          save: (value) => [{ path: "note", content: text(value) }],
          load: async (artifact) => new TextDecoder().decode(await artifact.file("note").bytes()),
        });
      await writer.save("note", "x", { as: note(2) });
      strictEqual(await registry.load("note", { as: note(3) }), "x");
      await refused("Unsupported", registry.load("note", { as: note(1) }));
      await refused("Invalid", registry.load("note", { as: note(2, "test/other") }));
      strictEqual(await registry.load({ name: "note", materializer: note(2) }), "x");
    },
  ),
  given(
    "load() returns the output of a schema, and throws Invalid for a value that the schema refuses",
    async ({ registry, writer }) => {
      const positive: StandardSchema<bigint> = {
        "~standard": {
          version: 1,
          vendor: "by-hand",
          validate: async (value) =>
            typeof value === "number" && value > 0
              ? await Promise.resolve({ value: BigInt(value) })
              : { issues: [{ message: "not positive", path: ["layer", { key: 2 }] }] },
        },
      };
      await writer.save("good", 3);
      await writer.save("bad", -3);
      strictEqual(await registry.load("good", { schema: positive }), 3n);
      match(
        (await refused("Invalid", registry.load("bad", { schema: positive }))).message,
        /layer\.2: not positive/,
      );
    },
  ),
  given(
    "load() reports a failure of the caller's own code as TaskFailed",
    async ({ registry, writer }) => {
      const cause = new TypeError("bug in a materializer");
      const broken = defineMaterializer<number>({
        id: "json",
        save: () => [],
        load: () => {
          throw cause;
        },
      });
      await writer.save("a", 1);
      strictEqual((await refused("TaskFailed", registry.load("a", { as: broken }))).cause, cause);
      const schema: StandardSchema = {
        "~standard": { version: 1, vendor: "by-hand", validate: () => Promise.reject(cause) },
      };
      strictEqual((await refused("TaskFailed", registry.load("a", { schema }))).cause, cause);
    },
  ),
  given(
    "load() accepts each level of verification, and reports progress up to the end",
    async ({ registry, writer }) => {
      await writer.save("a", noise(3_000_000));
      const heard: TransferProgress[] = [];
      const options = { onProgress: (progress: TransferProgress) => heard.push(progress) };
      for (const verify of ["none", "integrity", "full"] as const) {
        const loaded = await registry.load("a", { verify, ...options });
        assertBytes(loaded as Uint8Array, noise(3_000_000));
        strictEqual(heard.at(-1)?.bytes, 3_000_000);
      }
    },
  ),
  given(
    "open() returns info and files, which read whole, as streams and in ranges, small and large",
    async ({ registry, writer }) => {
      const value = {
        "a.bin": noise(2_500_000),
        "b/c d%2F.é": noise(100_000, 2),
        "small": noise(1_000, 3),
        "empty": noise(0),
      };
      const saved = await writer.save("a", value, {
        as: files,
        metadata: { x: 1 },
        inputs: [{ ref: "raw@1", digest: null }],
        idempotencyKey: "run 7",
      });
      const artifact = await registry.open("a@^1");
      const { info } = artifact;
      deepStrictEqual([info.name, info.version, info.generation, info.commit], [
        "a",
        "1.0.0",
        1,
        saved.commit,
      ]);
      deepStrictEqual(info.materializer, { id: "test/files", formatVersion: 1 });
      deepStrictEqual([info.metadata, info.inputs, info.idempotencyKey], [
        { x: 1 },
        ["raw@1"],
        "run 7",
      ]);
      deepStrictEqual(info, await registry.info("a"));
      deepStrictEqual(artifact.files().map((file) => file.info), info.files);
      deepStrictEqual(info.files.map(({ path }) => path), Object.keys(value));
      for (const [path, bytes] of Object.entries(value)) {
        const file = artifact.file(path);
        const size = bytes.byteLength;
        strictEqual(file.info.size, size);
        assertBytes(await file.bytes(), bytes);
        assertBytes(await readAll(file.stream()), bytes);
        const ranges = [[0, 1], [0, size], [10, 500], [size - 1, 1], [size - 5, 100], [size, 10], [
          size + 7,
          1,
        ], [
          3,
          0,
        ]];
        for (const [offset, length] of ranges.filter(([offset]) => offset >= 0)) {
          const there = await readAll(file.stream({ offset, length }));
          const meant = bytes.slice(offset, offset + length);
          ok(sameBytes(there, meant), `${path} ${offset} ${length}`);
        }
        assertBytes(await readAll(file.stream({ offset: 5 })), bytes.slice(5));
        for (
          const bad of [{ offset: -1 }, { offset: NaN }, { offset: 0, length: -1 }, {
            offset: 0.5,
            length: 3,
          }]
        ) {
          await refused("Invalid", readAll(file.stream(bad)));
        }
      }
      const error = await refused("NotFound", (async () => await artifact.file("y.bin").bytes())());
      match(error.hint!, /"a\.bin"/);
      const several = await refused("Invalid", (async () => await artifact.file().bytes())());
      match(several.message, /\d files/);
      await writer.save("one", "text");
      strictEqual(await (await registry.open("one")).file().text(), "text");
    },
  ),
  given(
    "pieces() of a large file, if it has them, cover all of it",
    async ({ registry, writer }) => {
      await writer.save("a", noise(20_000_000));
      const [file] = (await registry.open("a")).files();
      const pieces = await file.pieces?.();
      if (pieces === undefined) return;
      const bytes = new Uint8Array(20_000_000);
      for (const { offset, passTo } of pieces) {
        let at = offset;
        await passTo((chunk) => {
          bytes.set(chunk, at);
          at += chunk.byteLength;
        });
      }
      assertBytes(bytes, noise(20_000_000));
      strictEqual(pieces.reduce((sum, { length }) => sum + length, 0), 20_000_000);
    },
  ),
  given("an opened version stays readable after its deletion", async ({ registry, writer }) => {
    await writer.save("a", noise(400_000));
    const artifact = await registry.open("a");
    await writer.delete("a", { allVersions: true });
    const [file] = artifact.files();
    assertBytes(await file.bytes(), noise(400_000));
    await refused("NotFound", registry.open("a"));
  }),
];
