import fs from "node:fs";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { localPath, verifyRegistry } from "../../../mod.ts";
import type { Draft, FileToSave, Registry } from "../../../mod.ts";
import { sha256 } from "../../../core/bytes/digest.ts";
import { keysOf, noise, testInMemory, testOnEach } from "../registries.ts";
import { collect, rejected } from "../rejected.ts";

const LARGE = noise(300_000, 2);
const encoder = new TextEncoder();

/** Files with these contents. */
function files(contents: Record<string, string | Uint8Array>): FileToSave[] {
  return Object.entries(contents).map(([path, content]) => (
    { path, content: typeof content === "string" ? encoder.encode(content) : content }
  ));
}

/** What a version holds, by path: a text, or the digest of what is longer. */
async function contentOf(registry: Registry, ref: string): Promise<Record<string, string>> {
  const artifact = await registry.open(ref);
  const entries = artifact.files().map(async (file) => {
    const bytes = await file.bytes();
    return [
      file.info.path,
      bytes.byteLength > 100 ? sha256(bytes) : new TextDecoder().decode(bytes),
    ];
  });
  return Object.fromEntries(await Promise.all(entries));
}

testOnEach(
  "many add parts to a draft, and one commits it: one version of all files",
  async (world) => {
    const { registry, open, backend } = world;
    const others = await Promise.all([open(), open()]);
    const id = "run 7: clean";
    const drafts = await Promise.all(
      [registry, ...others].map((each) => each.openDraft("data:clean", { id })),
    );
    await Promise.all(
      drafts.map((draft, i) =>
        draft.addPart(
          `${i}/3`,
          files({ [`${i}/large.bin`]: noise(300_000, i + 1), [`${i}/small.txt`]: `part ${i}` }),
        )
      ),
    );
    assertEquals(await collect(registry.names()), []);
    assertEquals((await drafts[2].info()).parts.map(({ part }) => part), ["0/3", "1/3", "2/3"]);
    assertEquals(
      (await drafts[1].files()).map(({ path, part, size }) => [path, part, size]).slice(0, 2),
      [
        ["0/large.bin", "0/3", 300_000],
        ["0/small.txt", "0/3", 6],
      ],
    );
    const payload = await keysOf(backend, "objects/");
    const saved = await drafts[1].commit({ metadata: { by: "three" }, inputs: ["data:raw@1"] });

    assertEquals([saved.name, saved.version, saved.size, saved.skipped], [
      "data:clean",
      "1.0.0",
      900_018,
      false,
    ]);
    assertEquals(await keysOf(backend, "objects/"), payload, "no payload moved");
    assertEquals(await contentOf(registry, "data:clean"), {
      "0/large.bin": sha256(noise(300_000, 1)),
      "0/small.txt": "part 0",
      "1/large.bin": sha256(noise(300_000, 2)),
      "1/small.txt": "part 1",
      "2/large.bin": sha256(noise(300_000, 3)),
      "2/small.txt": "part 2",
    });
    const info = await registry.info("data:clean");
    assertEquals([info.metadata, info.materializer.id], [{ by: "three" }, "folder"]);
    assertEquals(info.inputs, ["data:raw@1"]);
    assertEquals((await verifyRegistry(registry)).problems, []);
  },
);

testOnEach(
  "a draft is committed once: a repeat, and others at the same moment, give that version",
  async (world) => {
    const { registry, open } = world;
    const other = await open();
    const draft = await registry.openDraft("a", { id: "1" });
    await draft.addPart("0", files({ "a.bin": LARGE }));
    const same = await other.openDraft("a", { id: "1" });
    const saved = await Promise.all([draft.commit(), same.commit(), draft.commit(), same.commit()]);
    assertEquals(new Set(saved.map(({ commit }) => commit)).size, 1);
    assertEquals(saved.filter(({ skipped }) => !skipped).length, 1);
    const again = await same.commit();
    assertEquals([again.commit, again.skipped], [saved[0].commit, true]);
    assertEquals((await collect(registry.versions("a"))).length, 1);
    assertEquals(await draft.info().then(({ state, version }) => [state, version]), [
      "committed",
      "1.0.0",
    ]);

    const next = await registry.openDraft("a", { id: "2" });
    await next.add("b.txt", encoder.encode("b"));
    assertEquals((await next.commit()).version, "2.0.0");
  },
);

testOnEach(
  "a part that is there is not read again, and of two at the same moment one counts whole",
  async (world) => {
    const { registry, open } = world;
    const draft = await registry.openDraft("a", { id: "1" });
    const other = await (await open()).openDraft("a", { id: "1" });
    const makers = ["left", "right"].map((by) =>
      files({ "1.txt": `${by} 1`, "2.txt": `${by} 2`, "l.bin": LARGE })
    );
    const added = await Promise.all([draft.addPart("0", makers[0]), other.addPart("0", makers[1])]);
    assert(added.some(({ added }) => added));
    let asked = false;
    const never = {
      [Symbol.iterator]() {
        asked = true;
        return files({}).values();
      },
    };
    const again = await draft.addPart("0", never);
    assertEquals([again.added, again.files], [false, 3]);
    assertEquals(asked, false);
    await draft.commit();
    const { "1.txt": first, "2.txt": second } = await contentOf(registry, "a");
    assertEquals(first.split(" ")[0], second.split(" ")[0]);
  },
);

testOnEach(
  "a committed or discarded draft takes nothing more, and says what became of it",
  async ({ registry }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    assertEquals((await draft.info()).state, "open");
    assertEquals(await draft.discard(), false, "nothing is in it");
    await draft.addPart("0", files({ a: "1" }));
    await draft.commit();
    const late = await rejected("Conflict", draft.addPart("1", files({ b: "1" })));
    assertMatch(late.message, /committed as 1\.0\.0/);
    assertEquals(await draft.discard(), false);
    assertEquals(await contentOf(registry, "a"), { a: "1" });

    const other = await registry.openDraft("a", { id: "2" });
    await other.addPart("0", files({ a: "2" }));
    assertEquals(await other.discard(), true);
    assertEquals((await other.info()).state, "discarded");
    assertMatch(
      (await rejected("Conflict", other.addPart("1", files({ b: "1" })))).message,
      /discarded/,
    );
    assertMatch((await rejected("Conflict", other.commit())).message, /discarded/);
    assertEquals((await collect(registry.versions("a"))).length, 1);
  },
);

testInMemory(
  "what is missing, empty or there twice is refused, and nothing is saved",
  async ({ registry }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    assertMatch((await rejected("NotFound", draft.commit())).message, /nothing was added/);
    await draft.addPart("0", files({ "out.csv": "0" }));
    const missing = await rejected("NotFound", draft.commit({ parts: ["0", "1", "2"] }));
    assertMatch(missing.message, /"1", "2" are not there/);
    await draft.addPart("1", files({ "out.csv": "1" }));
    const twice = await rejected("Invalid", draft.commit());
    assertMatch(twice.message, /parts "0" and "1" both have "out.csv"/);
    assertEquals(await collect(registry.names()), []);
    await draft.addPart("2", [{ path: "out.csv", mode: "folder", content: new Uint8Array() }]);
    const folder = await rejected("Invalid", draft.commit({ parts: ["1", "2"] }));
    assertMatch(folder.message, /parts "1" and "2" both have "out.csv"/);
    await draft.commit({ parts: ["1"] });
    assertEquals(await contentOf(registry, "a"), { "out.csv": "1" });

    for (const bad of ["", "a@b", "x".repeat(201)]) {
      await rejected("Invalid", registry.openDraft("a", { id: bad }));
      await rejected("Invalid", draft.addPart(bad, files({ b: "1" })));
      await rejected("Invalid", registry.openDraft(bad, { id: "1" }));
    }
    const open = await registry.openDraft("a", { id: "3" });
    await rejected("Invalid", open.addPart("0", "a text" as unknown as object));
    await rejected("NotFound", open.commit({ parts: [] }));
    await rejected("Invalid", open.addPart("0", files({ "../b": "1" })));
    assertEquals((await open.info()).parts, []);
  },
);

testOnEach(
  "a folder of a disk is a part: modes, links and empty folders are kept",
  async ({ registry, root }) => {
    const folder = root.join("out");
    fs.mkdirSync(`${folder}/empty`, { recursive: true });
    fs.writeFileSync(`${folder}/run.sh`, "#!/bin/sh\n", { mode: 0o755 });
    fs.writeFileSync(`${folder}/l.bin`, LARGE);
    fs.symlinkSync("run.sh", `${folder}/link`);
    const draft: Draft = await registry.openDraft("a", { id: "1" });
    await draft.addPart("0", localPath(folder, { links: "keep" }), { compress: "gzip" });
    const saved = await draft.commit();
    const whole = await registry.save("b", localPath(folder, { links: "keep" }));
    assertEquals(saved.digest, whole.digest);
    await registry.download("a", { to: root.join("copy") });
    assertEquals(fs.readFileSync(root.join("copy", "link"), "utf8"), "#!/bin/sh\n");
  },
);

testOnEach(
  "in a draft of many parts one that is there is found, and that it has ended",
  async ({ registry }) => {
    const draft = await registry.openDraft("a", { id: "1" });
    const parts = ["-first", ...Array.from({ length: 120 }, (_, n) => `part ${n}`), "z last"];
    for (const part of parts) await draft.addPart(part, files({ [part]: part }));
    for (const part of ["-first", "part 60", "z last"]) {
      assertEquals((await draft.addPart(part, files({ other: part }))).added, false, part);
    }
    assertEquals((await draft.addPart("zz", files({ zz: "" }))).added, true);
    assertEquals((await draft.info()).parts.length, 123);
    await draft.commit();
    for (const part of ["-a", "0", "zzz"]) {
      await rejected(
        "Conflict",
        draft.addPart(part, files({ part })),
      );
    }
  },
);
