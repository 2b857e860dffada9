import { assert, assertEquals } from "@std/assert";
import * as fc from "fast-check";
import fs from "node:fs";
import { dirname } from "node:path";
import process from "node:process";
import { createLocalBackend } from "../../../backends/local.ts";
import { keyLayout } from "../../../backends/local/layout.ts";
import { createMemoryBackend } from "../../../backends/memory.ts";
import type { Backend } from "../../../core/backend.ts";
import { realSystem } from "../../../core/system.ts";
import { assertInvalid, listed, text } from "../../conformance/backend/samples.ts";
import { tempRoot, testInRoot } from "../../support/temp_root.ts";
import { anyKey, clockOfSteps, closeKeys, ID } from "./layout_samples.ts";

const LAYOUTS = ["folded", "plain"] as const;
const folded = keyLayout("folded");
/** By whose clock each folder has been as it is for a while. */
const later = { ...realSystem, ...clockOfSteps(60_000) };

for (const kind of LAYOUTS) {
  const { pathOf, textOf } = keyLayout(kind);

  Deno.test(`${kind}: each key has a unique path that contains it`, () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyKey, { minLength: 20, maxLength: 40 }), (keys) => {
        const paths = keys.map((key) => pathOf(key)!);
        assertEquals(paths.map(textOf), keys);
        assertEquals(new Set(paths).size, keys.length);
        const folders = new Set(paths.flatMap(foldersOf));
        // No file has the path of a folder.
        assertEquals(paths.filter((path) => folders.has(path)), []);
      }),
      { numRuns: 40 },
    );
  });

  Deno.test(`${kind}: listings equal those of memory`, async () => {
    await againstMemory(kind, [], async ({ local, memory, prefix, options, question }) => {
      assertEquals(
        await listed(local, prefix, options),
        await listed(memory, prefix, options),
        question,
      );
      assertEquals(
        await firstOf(local, prefix),
        (await listed(memory, prefix, { limit: 1 }))[0],
        question,
      );
      const { after } = options;
      const heads = headsOf(await listed(memory, prefix, { after }));
      assertEquals(await listed(local, prefix, { after, firstPerFolder: true }), heads, question);
    });
  });
}

Deno.test("a path is recognized as that of a record only if the record has it", () => {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat(2),
    put: fc.constantFrom("", "+/", "+", "/", ",", "9", "p", "p9p9", "a", "A", "."),
  });
  const record = fc.tuple(
    fc.stringMatching(/^[a-g0-9_=-]{1,8}$/),
    fc.tuple(...Array.from({ length: 3 }, () => fc.constantFrom("p8", "p9", "o90", "n518", "h69"))),
    fc.constantFrom(1, 11, 12, 1000),
  ).map(([name, order, generation]) =>
    `names/${name}/versions/final/${order.join("")}/${Number.MAX_SAFE_INTEGER - generation}.rec`
  );
  let recognized = 0;
  fc.assert(
    fc.property(record, fc.option(edit), (key, edit) => {
      let path = folded.pathOf(key)!;
      if (edit !== null) {
        const at = edit.at % path.length;
        path = path.slice(0, at) + edit.put + path.slice(at + edit.cut);
      }
      const text = folded.textOf(path);
      if (!folded.isRecordOf(text, path)) return;
      recognized++;
      assertEquals(folded.pathOf(text), path);
    }),
    { numRuns: 3000 },
  );
  assert(recognized > 100, `${recognized} paths`);
  const path = "names/a/versions,final,p8+/p9p9,9007199254740990.rec";
  assert(!folded.isRecordOf(folded.textOf(path), path));
});

/** The first of each cell, or payload. */
function headsOf(keys: string[]): string[] {
  const cellOf = (key: string) => key.slice(0, key.lastIndexOf("/"));
  return keys.filter((key, i) => i === 0 || cellOf(key) !== cellOf(keys[i - 1]));
}

async function firstOf(backend: Backend, prefix: string): Promise<string | undefined> {
  const first = await backend.getFirst!(prefix);
  await first?.body.cancel();
  return first?.info.key;
}

/** The parent folders of a path. */
function foldersOf(path: string): string[] {
  const folders: string[] = [];
  for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
    folders.push(path.slice(0, at));
  }
  return folders;
}

/** Stores with the same keys. The local one also holds files of other programs. */
interface Asked {
  local: Backend;
  memory: Backend;
  strangers: string[];
  prefix: string;
  options: { after?: string; limit?: number; delimiter?: "/" };
  question: string;
}

async function againstMemory(
  layout: "folded" | "plain",
  names: readonly string[],
  compare: (asked: Asked) => Promise<void>,
): Promise<void> {
  const root = await tempRoot();
  const stranger = fc.record({
    beside: fc.nat(),
    up: fc.nat(6),
    name: fc.constantFrom(...names, ""),
  });
  const place = fc.record({
    key: fc.nat(),
    cut: fc.oneof(fc.nat(8), fc.nat(120), fc.constant(Infinity)),
    whole: fc.boolean(),
  });
  const question = fc.record({
    prefix: place,
    after: fc.option(place, { nil: undefined, freq: 2 }),
    other: fc.option(anyKey, { nil: undefined, freq: 2 }),
    limit: fc.option(fc.nat(4), { nil: undefined, freq: 2 }),
    delimiter: fc.constantFrom(undefined, "/" as const),
  });
  let runs = 0;
  const property = fc.asyncProperty(
    closeKeys,
    fc.array(stranger, { maxLength: names.length === 0 ? 0 : 12 }),
    fc.array(question, { minLength: 1, maxLength: 20 }),
    async (keys, given, questions) => {
      const path = root.join(String(runs++));
      const memory = createMemoryBackend();
      const local = createLocalBackend({ path, durability: "os", layout, system: later });
      for (const key of keys) {
        await Promise.all([memory.put(key, text(key)), local.put(key, text(key))]);
      }
      const strangers = given.flatMap(({ beside, up, name }) => {
        const folders = foldersOf(folded.pathOf(keys[beside % keys.length])!);
        const file = `${folders[Math.max(0, folders.length - 1 - up)]}/${name}`;
        return name !== "" && putStranger(`${path}/${file}`) ? [file] : [];
      });
      /** Some beginning of a key: at a `/`, or within a segment. */
      const begin = ({ key, cut, whole }: { key: number; cut: number; whole: boolean }) => {
        const text = keys[key % keys.length];
        const at = Math.min(cut, text.length);
        return text.slice(0, whole && at < text.length ? text.lastIndexOf("/", at) + 1 : at);
      };
      for (const { prefix: at, after: last, other, limit, delimiter } of questions) {
        const prefix = begin(at);
        const options = { after: other ?? (last && begin(last)), limit, delimiter };
        const question = JSON.stringify({ prefix, ...options, strangers });
        await compare({ local, memory, strangers, prefix, options, question });
      }
    },
  );
  try {
    await fc.assert(property, { numRuns: 50 });
  } finally {
    await root.remove();
  }
}

/** True if a disk takes each segment literally. */
function isKey(text: string): boolean {
  return text.split("/").every((segment) =>
    !["", ".", ".."].includes(segment) && !segment.includes("\\")
  );
}

/** Puts a file there where nothing is in its way. */
function putStranger(path: string): boolean {
  try {
    fs.mkdirSync(dirname(path), { recursive: true });
    fs.writeFileSync(path, "stranger", { flag: "wx" });
    return true;
  } catch {
    return false;
  }
}

/** Folders of the plain layout, names with a comma or a plus, and names that no key gets. */
const STRANGERS = [
  ...["README.md", "0", "k", "x+/junk", "+/k", "+", "x+", "9+/9", "00+/00", "0+/0"],
  ...["versions/final/p8p9p9/9007199254740990.rec", "versions,final/p8p9p9,9007199254740990.rec"],
  ...[
    "versions,final,p8",
    "versions,final,k+/junk",
    "versions,final,p8+/p9p9,9007199254740990.rec",
    "versions,final",
  ],
  ...["versions,,k", "versions,.,k", "versions,final,..,k", "a,b", "a,", ",", ",,", ",+", "a+b"],
  ...[
    "a\\b",
    "versions,final,p8\\9,k",
    "\\/k",
    ".hidden",
    "...",
    "é",
    "~$n",
    `p8p9p9,${ID},01`,
    `p8p9p9/${ID}/0`,
  ],
];

Deno.test("folded: foreign files neither hide nor reorder keys", async () => {
  await againstMemory(
    "folded",
    STRANGERS,
    async ({ local, memory, strangers, prefix, options, question }) => {
      const { limit = Infinity, ...others } = options;
      const found = await listed(local, prefix, others);
      const expected = await listed(memory, prefix, others);
      const keys = strangers.map((path) => folded.textOf(path)).filter((key, at) =>
        isKey(key) && folded.pathOf(key) === strangers[at]
      );
      const foreign = found.filter((key) => !expected.includes(key));
      assertEquals(
        found.filter((key) => !foreign.includes(key)).slice(0, limit),
        expected.slice(0, limit),
        question,
      );
      for (const key of foreign) {
        assert(
          keys.some((own) => own === key || key.endsWith("/") && own.startsWith(key)),
          question,
        );
      }
      assertEquals(await listed(local, prefix, options), found.slice(0, limit), question);
      assertEquals(await firstOf(local, prefix), (await listed(local, prefix))[0], question);
    },
  );
});

testInRoot("folded: a folder within a number sorts among names", async (root) => {
  const backend = createLocalBackend({ path: root.path, durability: "os" });
  // n-100 and n-101 are in the folder n-10+.
  const names = ["n-10-b", "n-10", "n-100", "n-101", "n-10=3aa", "n-11"];
  const keys = names.map((name) => `names/${name}/versions/final/p8p9p9/9007199254740990.rec`);
  const there: string[] = [];
  for (const key of keys.toReversed()) {
    await backend.put(key, text("x"));
    there.unshift(key);
    assertEquals(await listed(backend, "names/"), there);
    assertEquals(await firstOf(backend, "names/"), key);
    assertEquals(await listed(backend, "names/", { after: key, limit: 1 }), there.slice(1, 2));
  }
  assertEquals(
    await listed(backend, "names/", { delimiter: "/" }),
    names.map((name) => `names/${name}/`),
  );
});

testInRoot("folded: keys with a plus or a comma are Invalid below names/", async (root) => {
  const backend = createLocalBackend({ path: root.path, durability: "os" });
  for (const key of ["names/a+/b", "names/a/b,c", "objects/a/+", "objects/a,b"]) {
    await assertInvalid(backend.put(key, text("x")), key);
  }
  await backend.put("scratch/a+/b,c", text("x"));
  assertEquals(await listed(backend, ""), ["scratch/a+/b,c"]);
});

const oddOrder = fc.tuple(
  fc.constantFrom("p8", "p99", "o8", "o89", "o", "p"),
  fc.constantFrom("p9", "p9p9", "p9p99", "p8p9", "o89p8", ""),
  fc.constantFrom("", "no8", "no89z", "np8z", "n", "9", "-", "_", "A", "z"),
).map((parts) => parts.join(""));
const oddNumber = fc.oneof(
  fc.stringMatching(/^[019]{1,3}[a.-]?$/),
  fc.stringMatching(/^9007199254(74)?(09)?[09]{0,4}(\.rec)?$/),
);
const oddName = fc.constantFrom(
  "n",
  "n",
  "n-10",
  "n-100",
  "n-100-b",
  "n-1000",
  "n=100",
  "n-10=",
  "n-10a",
);
const oddKey = fc.oneof(
  fc.tuple(oddName, fc.constantFrom("final", "prerelease", "other"), oddOrder, oddNumber)
    .map(([name, ...parts]) => `names/${name}/versions/${parts.join("/")}`),
  fc.tuple(oddName, oddNumber, oddNumber).map(([name, ...parts]) =>
    `names/${name}/aliases/${parts.join("/")}`
  ),
  fc.tuple(oddName, oddOrder, fc.constantFrom("c", "d"), oddNumber).map((parts) =>
    `objects/${parts.join("/")}`
  ),
);

Deno.test("folded: foreign keys are listed as in memory", async () => {
  const root = await tempRoot();
  let runs = 0;
  const some = fc.uniqueArray(oddKey, { minLength: 20, maxLength: 40 });
  const property = fc.asyncProperty(some, async (keys) => {
    const memory = createMemoryBackend();
    const local = createLocalBackend({ path: root.join(String(runs++)), durability: "os" });
    for (const key of keys) {
      await Promise.all([memory.put(key, text(key)), local.put(key, text(key))]);
    }
    assertEquals(await listed(local, ""), await listed(memory, ""));
    for (const after of keys.slice(0, 8)) {
      assertEquals(
        await listed(local, "", { after, limit: 2 }),
        await listed(memory, "", { after, limit: 2 }),
      );
    }
    assertEquals(await firstOf(local, ""), (await listed(memory, "", { limit: 1 }))[0]);
  });
  try {
    await fc.assert(property, { numRuns: 50 });
  } finally {
    await root.remove();
  }
});

for (const layout of LAYOUTS) {
  testInRoot(`${layout}: a file name that no key can have is ignored`, async (root) => {
    const backend = createLocalBackend({ path: root.path, durability: "os", layout });
    await backend.put("names/a/b", text("x"));
    if (process.platform === "win32") return; // a backslash is none of a name there
    assert(putStranger(root.join("names", "a", "a\\b")));
    assertEquals(await listed(backend, ""), ["names/a/b"]);
    assertEquals(await listed(backend, "names/a/", { limit: 1 }), ["names/a/b"]);
  });
}
