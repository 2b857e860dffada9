import { assertEquals, assertMatch } from "@std/assert";
import { readAll } from "../../../core/bytes/bytes.ts";
import { defineMaterializer } from "../../../core/materializer.ts";
import type { FileToSave } from "../../../core/materializer.ts";
import { collectGarbage } from "../../../mod.ts";
import { withShiftedTime } from "../../simulate/with_shifted_time.ts";
import { collect, rejected } from "../rejected.ts";
import { noise, testOnEach } from "../registries.ts";

const files = defineMaterializer<Record<string, Uint8Array>>({
  id: "test/files",
  save: (value) => Object.entries(value).map(([path, content]): FileToSave => ({ path, content })),
  load: async (artifact) => {
    const entries = artifact.files().map(async (file) =>
      [file.info.path, await file.bytes()] as const
    );
    return Object.fromEntries(await Promise.all(entries));
  },
});

const LARGE = { "a.bin": noise(2_500_000), "b/c.bin": noise(300_000, 2) };

testOnEach(
  "open() refuses a range of a compressed file, and of a file that is not there",
  async ({ registry }) => {
    await registry.save("a", { "z.bin": new Uint8Array(400_000) }, {
      materializer: files,
      compress: "gzip",
    });
    const artifact = await registry.open("a");
    await rejected("Unsupported", readAll(artifact.file("z.bin").stream({ offset: 5, length: 5 })));
    assertEquals(await readAll(artifact.file("z.bin").stream()), new Uint8Array(400_000));
    const error = await rejected("NotFound", (async () => await artifact.file("y.bin").bytes())());
    assertMatch(error.hint!, /"z\.bin"/);
  },
);

testOnEach(
  "open() finds out that what is stored is cut short, or damaged at its end",
  async ({ registry, backend }) => {
    await registry.save("a", { "a.bin": noise(400_000) }, { materializer: files });
    const artifact = await registry.open("a");
    const [key] = (await collect(backend.list("objects/"))).map((entry) =>
      "key" in entry ? entry.key : ""
    );
    await backend.put(key, noise(300_000));
    for (
      const range of [undefined, { offset: 299_000, length: 2_000 }, { offset: 10, length: 90 }]
    ) {
      assertEquals(
        (await rejected("Corrupt", readAll(artifact.file("a.bin").stream(range)))).key,
        key,
      );
    }
    await backend.put(key, new Uint8Array([...noise(399_999), 0]));
    for (const range of [undefined, { offset: 10, length: 90 }]) {
      assertEquals(
        (await rejected("Corrupt", readAll(artifact.file("a.bin").stream(range)))).key,
        key,
      );
    }
  },
);

testOnEach(
  "an artifact stays readable after it is overwritten and deleted, until the grace is over",
  async ({ registry, open }) => {
    await registry.save("a", LARGE, { materializer: files, version: "1" });
    const artifact = await registry.open("a");
    await registry.save("a", { "new.bin": noise(10) }, {
      materializer: files,
      version: "1",
      onConflict: "overwrite",
    });
    await registry.delete("a@1");
    await collectGarbage(registry);
    assertEquals(await artifact.file("a.bin").bytes(), LARGE["a.bin"]);

    const twoDaysMs = 2 * 24 * 3_600_000;
    const later = await open(
      {},
      (backend) =>
        withShiftedTime(backend, {
          shiftMs: ({ key }) => key.startsWith("scratch/") ? 0 : -twoDaysMs,
        }),
    );
    assertEquals((await collectGarbage(later)).removed.payload.count > 0, true);
    const error = await rejected("Conflict", artifact.file("a.bin").bytes());
    assertMatch(error.hint!, /Open it again/);
    await rejected("NotFound", registry.open("a"));
  },
  { mutable: true },
);
