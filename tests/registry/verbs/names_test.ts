import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { encodeName } from "../../../core/naming/names.ts";
import { collect, rejected } from "../rejected.ts";
import { keysOf, testInMemory, testOnEach } from "../registries.ts";

/** Names that some disk, store or shell takes for something else. */
const HOSTILE = [
  "model",
  "model/1.0.0",
  "Model",
  "MODEL",
  "con",
  "CON",
  "con.txt",
  "aux",
  "nul",
  "com1",
  "lpt9",
  "..",
  "../..",
  ".",
  "/etc/passwd",
  "/",
  "//",
  "C:\\x",
  "a*b",
  "a?",
  "%2e%2e",
  "=2e",
  "a=",
  "~",
  "é",
  "e\u0301",
  "🦊",
  "漢字",
  "\u202eabc",
  "x".repeat(200),
  "-rf",
  "$HOME",
  "a b",
  "__proto__",
  "versions",
  "_",
];

testOnEach("hostile names keep their values apart", async ({ registry, backend, open }) => {
  for (const name of HOSTILE) await registry.save(name, { of: name });
  for (const name of HOSTILE) assertEquals(await registry.load(name), { of: name }, name);
  assertEquals(new Set(await collect((await open()).names())), new Set(HOSTILE));
  await registry.delete("model", { allVersions: true });
  assertEquals(await registry.load("model/1.0.0"), { of: "model/1.0.0" });
  assertEquals(await registry.load("Model"), { of: "Model" });
  const keys = await keysOf(backend);
  const devices = keys.filter((key) =>
    key.split("/").some((part) => /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part))
  );
  assertEquals(devices, [], "Windows keeps these for devices");
  const folded = keys.map((key) => key.normalize("NFC").toLowerCase());
  assertEquals(
    new Set(folded).size,
    folded.length,
    "two keys are one on a disk that folds case or normalises",
  );
});

testInMemory("names that no store keeps safely are refused by every verb", async ({ registry }) => {
  const bad = [
    "",
    "a\0b",
    "a@b",
    "a\nb",
    " a",
    "a ",
    "\ud83e",
    "x".repeat(201),
    "x".repeat(3_000),
    "é".repeat(40),
    "\x7f",
  ];
  for (const name of bad) {
    const shown = JSON.stringify(name).slice(0, 40);
    const error = await rejected("Invalid", registry.save(name, 1));
    assert(error.message.length < 300, shown);
    if (name.includes("@")) continue; // elsewhere, that is a ref with a version
    const calls = [
      () => registry.load(name),
      () => registry.has(name),
      () => registry.get(name),
      () => registry.delete(name, { allVersions: true }),
      () => registry.set(name, 1),
      () => registry.setAlias(name, "x", "1"),
      () => registry.aliases(name),
      () => registry.copy(name, "b"),
      () => registry.copy("b", name),
      () => collect(registry.versions(name)),
      () => collect(registry.watch(name)),
    ];
    for (const call of calls) await rejected("Invalid", call());
  }
});

testOnEach(
  "names() lists names with a living version, each once",
  async ({ registry, backend }) => {
    for (const name of ["b", "a", "c", "a-b", "a/b"]) await registry.save(name, 1);
    for (let i = 0; i < 3; i++) await registry.save("c", i);
    await registry.setAlias("a", "prod", "1");
    await registry.delete("a", { allVersions: true, force: true });
    await registry.delete("c@4.0.0");
    await registry.save("keyed", 1, { idempotencyKey: "k" });
    await backend.put("names/stranger/file", new Uint8Array(1));
    const names = await collect(registry.names());
    assertEquals(new Set(names), new Set(["b", "c", "a-b", "a/b", "keyed"]));
    assertEquals(names.length, 5);
    assertEquals(
      names,
      names.toSorted((x, y) => `${encodeName(x)}/` < `${encodeName(y)}/` ? -1 : 1),
    );
  },
);

testOnEach("names() takes a prefix, a name to come after and a limit", async ({ registry }) => {
  const all = ["con", "con-x", "con:y", "conx", "Con", "my:model", "my:data", "my", "ma"];
  for (const name of all) await registry.save(name, 1);
  for (const prefix of ["", "c", "con", "con:", "C", "my", "my:", "x", "co"]) {
    const expected = all.filter((name) => name.startsWith(prefix)).sort();
    assertEquals((await collect(registry.names({ prefix }))).sort(), expected, prefix);
  }
  const listed = await collect(registry.names());
  for (const [i, after] of listed.entries()) {
    assertEquals(await collect(registry.names({ after })), listed.slice(i + 1), after);
    assertEquals(await collect(registry.names({ limit: i })), listed.slice(0, i));
  }
  assertEquals(
    await collect(registry.names({ after: "b-not-there" })),
    listed.filter((name) => encodeName(name) > "b"),
  );
  assertEquals(await collect(registry.names({ prefix: "my", after: "my", limit: 1 })), ["my:data"]);
  await rejected("Invalid", collect(registry.names({ after: "" })));
});

testOnEach(
  "names() goes on over a name with many versions, living or deleted",
  async ({ registry }) => {
    for (let i = 0; i < 230; i++) await registry.save("many", i, { version: `${i}` });
    for (let i = 0; i < 210; i++) await registry.save("none", i, { version: `${i}` });
    await registry.delete("none", { allVersions: true });
    await registry.save("z", 1);
    assertEquals(await collect(registry.names()), ["many", "z"]);
    assertEquals(await collect(registry.names({ after: "many" })), ["z"]);
  },
);

testInMemory(
  "names() pages by after and limit give what one listing gives",
  async ({ registry }) => {
    const names = fc.sample(fc.string({ unit: "binary", minLength: 1, maxLength: 20 }), {
      numRuns: 300,
      seed: 7,
    });
    const saved = new Set<string>();
    for (const name of names) {
      try {
        await registry.save(name, 1);
        saved.add(name);
      } catch (error) {
        assertMatch(String((error as { code: string }).code), /^(Invalid|AlreadyExists)$/);
      }
    }
    assert(saved.size > 100, `${saved.size}`);
    const whole = await collect(registry.names());
    assertEquals(new Set(whole), saved);
    const paged: string[] = [];
    let page: string[];
    do {
      page = await collect(registry.names({ after: paged.at(-1), limit: 7 }));
      paged.push(...page);
    } while (page.length === 7);
    assertEquals(paged, whole);
  },
);

testInMemory(
  "names() passes over a name's many idempotency keys, and misses no name",
  async ({ registry }) => {
    for (const name of ["a", "b"]) {
      for (let i = 1; i <= 210; i++) {
        await registry.save(name, i, {
          version: `${i}`,
          idempotencyKey: `key ${i}`,
        });
      }
    }
    await registry.save("c", 1);
    assertEquals(await Array.fromAsync(registry.names()), ["a", "b", "c"]);
  },
);
