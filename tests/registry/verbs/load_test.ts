import { assert, assertEquals, assertMatch, assertRejects, assertStrictEquals } from "@std/assert";
import type { TransferProgress } from "../../../core/registry.ts";
import type { StandardSchema } from "../../../core/standard_schema.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import { bytes, text } from "../../../materializers/mod.ts";
import { rejected } from "../rejected.ts";
import { noise, testInMemory, testOnEach } from "../registries.ts";

testOnEach(
  "load() finds a version by its number, a range, an alias or as the latest",
  async ({ registry }) => {
    for (const version of ["1.0.0", "1.2.0", "1.10.0", "2.0.0", "3.0.0-rc.1"]) {
      await registry.save("a", version, { version });
    }
    await registry.setAlias("a", "production", "1.2");
    const found: Record<string, string> = {
      "a": "2.0.0",
      "a@latest": "2.0.0",
      "a@1": "1.0.0",
      "a@1.2": "1.2.0",
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
      assertEquals(
        await registry.load(ref),
        value,
        ref,
      );
    }
    assertEquals(await registry.load("a", { version: "^1" }), "1.10.0");
    assertEquals(await registry.load("a", { version: "production" }), "1.2.0");
  },
);

testOnEach(
  "load() takes the highest prerelease for the latest where there is no release",
  async ({ registry }) => {
    for (const version of ["1.0.0-alpha", "1.0.0-rc.2", "1.0.0-rc.10", "0.9.0-rc.99"]) {
      await registry.save("a", version, { version });
    }
    assertEquals(await registry.load("a"), "1.0.0-rc.10");
    await registry.save("a", "release", { version: "0.1.0" });
    assertEquals(await registry.load("a"), "release");
    await registry.delete("a@0.1.0");
    assertEquals(await registry.load("a"), "1.0.0-rc.10");
  },
);

testOnEach("load() says which part of a ref is missing", async ({ registry }) => {
  await rejected("NotFound", registry.load("nothing"));
  await registry.save("a", 1, { version: "1.5.0" });
  assertMatch(
    (await rejected("NotFound", registry.load("a@1.4"))).message,
    /"a@1\.4\.0": there is no such version/,
  );
  assertMatch((await rejected("NotFound", registry.load("a@^2"))).message, /a version in "\^2"/);
  assertMatch((await rejected("NotFound", registry.load("a@canary"))).message, /no such alias/);
  await registry.delete("a@1.5.0");
  assertMatch((await rejected("NotFound", registry.load("a@1.5"))).message, /it was deleted/);
  await rejected("NotFound", registry.load("a"));
});

testInMemory("load() refuses what is not a ref, by a rejected promise", async ({ registry }) => {
  for (
    const ref of [
      "",
      "@1",
      "a@",
      "a@1@2",
      "a@1_0",
      "a@01",
      "a@ 1 ",
      "a@1.2.3.4",
      " a",
      "a\0",
      7 as unknown as string,
    ]
  ) {
    await rejected("Invalid", registry.load(ref));
    await rejected("Invalid", registry.info(ref));
    await rejected("Invalid", registry.open(ref));
  }
  assertMatch(
    (await rejected("Invalid", registry.load("a@1", { version: "1" }))).hint!,
    /not both/,
  );
});

testInMemory(
  "load() loads by the materializer that is passed, if it is the one that saved it",
  async ({ registry }) => {
    await registry.save("note", "remember");
    const note: string = await registry.load("note", { as: text() });
    assertEquals(note, "remember");
    assertMatch(
      (await rejected("Invalid", registry.load("note", { as: bytes() }))).message,
      /saved by "text" 1/,
    );
  },
);

testInMemory(
  "load() refuses files of a newer format of a materializer, and of an unknown one",
  async ({ registry, open }) => {
    const format = (formatVersion: number) =>
      defineMaterializer<string>({
        id: "acme/note",
        formatVersion,
        save: (value) => [{ path: "note", content: new TextEncoder().encode(value) }],
        load: async (artifact) => new TextDecoder().decode(await artifact.file("note").bytes()),
      });
    await registry.save("note", "x", { materializer: format(2) });
    assertEquals(await registry.load("note", { as: format(3) }), "x");
    await rejected("Unsupported", registry.load("note", { as: format(1) }));
    const error = await rejected("Unsupported", (await open()).load("note"));
    assertMatch(error.message, /acme\/note/);
  },
);

testInMemory(
  "load() gives back what a schema makes of the value, and refuses what it refuses",
  async ({ registry }) => {
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
    await registry.save("good", 3);
    await registry.save("bad", -3);
    const value: bigint = await registry.load("good", { schema: positive });
    assertStrictEquals(value, 3n);
    const error = await rejected("Invalid", registry.load("bad", { schema: positive }));
    assertMatch(error.message, /"bad@1\.0\.0".*layer\.2: not positive/);
  },
);

testInMemory(
  "load() tells a failure of the caller's own code from one of the store",
  async ({ registry }) => {
    const cause = new TypeError("bug in a materializer");
    const broken = defineMaterializer<number>({
      id: "json",
      save: () => [],
      load: () => {
        throw cause;
      },
    });
    await registry.save("a", 1);
    const error = await rejected("TaskFailed", registry.load("a", { as: broken }));
    assertStrictEquals(error.cause, cause);
    const schema: StandardSchema = {
      "~standard": { version: 1, vendor: "by-hand", validate: () => Promise.reject(cause) },
    };
    assertStrictEquals((await rejected("TaskFailed", registry.load("a", { schema }))).cause, cause);
  },
);

testOnEach(
  "load() verifies by default, and not where that is switched off",
  async ({ registry, backend, open }) => {
    await registry.save("a", noise(400_000));
    for await (const entry of backend.list("objects/")) {
      if ("key" in entry) await backend.put(entry.key, noise(400_000, 2));
    }
    await rejected("Corrupt", registry.load("a"));
    await rejected("Corrupt", registry.load("a", { verify: "full" }));
    assertEquals(await registry.load("a", { verify: "none" }), noise(400_000, 2));
    const careless = await open({ verify: "none" });
    assertEquals(await careless.load("a"), noise(400_000, 2));
    await rejected("Corrupt", careless.load("a", { verify: "integrity" }));
  },
);

testInMemory("load() tells how far it is", async ({ registry }) => {
  await registry.save("a", noise(3_000_000));
  const heard: TransferProgress[] = [];
  await registry.load("a", { onProgress: (progress) => heard.push(progress) });
  assertEquals(heard.at(-1), { path: "data.bin", bytes: 3_000_000, totalBytes: 3_000_000 });
});

testOnEach("every read throws the reason of a signal that is aborted", async ({ registry }) => {
  await registry.save("a", noise(400_000));
  const signal = AbortSignal.abort(new Error("enough"));
  const reads = [
    () => registry.load("a", { signal }),
    () => registry.open("a", { signal }),
    () => registry.info("a", { signal }),
    () => registry.has("a", { signal }),
    () => registry.aliases("a", { signal }),
    () => Array.fromAsync(registry.names({ signal })),
    () => Array.fromAsync(registry.versions("a", { signal })),
    () => Array.fromAsync(registry.entries({ signal })),
  ];
  for (const read of reads) assertStrictEquals(await assertRejects(read), signal.reason);
  const controller = new AbortController();
  const artifact = await registry.open("a", { signal: controller.signal });
  controller.abort(signal.reason);
  assertStrictEquals(await assertRejects(() => artifact.file("data.bin").bytes()), signal.reason);
  assert(await registry.has("a"));
});
