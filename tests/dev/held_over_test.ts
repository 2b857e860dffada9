// Holding suites over in CI: those whose files did not change, and none that may have.
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { rm, utimes, writeFile } from "node:fs/promises";
import { relative } from "@std/path";
import {
  chooseSuites,
  type GreenRuns,
  isUnchanged,
  keepGreenRuns,
  lookUp,
  noteGreenRuns,
  readGreenRuns,
  SUITES,
  tellHeld,
} from "../../dev/held_over.ts";
import { COMPUTED, READ_BY_ALL } from "../../dev/held_over/computed_names.ts";
import { variablesOfTests } from "../../dev/held_over/environment.ts";
import {
  type FileStates,
  hasComputedNames,
  LoadedFiles,
  stateOf,
} from "../../dev/held_over/loaded.ts";
import { INPUTS } from "../../explorer/build.ts";
import { sourceFiles, TEST_FOLDERS } from "../support/source_files.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { slowTest } from "../support/seeds.ts";
import { tempRoot } from "../support/temp_root.ts";

const HOUR_MS = 3600_000, NOW = Date.UTC(2026, 0, 2);
const REPO = "${" + "REPOSITORY}";

/** Files of a small repository, with the imports of its modules. */
const FILES: Record<string, string> = {
  "core/a.ts": "export const a = 1;",
  "core/part.ts": "",
  "apps/cli.ts": 'import "../core/a.ts"; loadPart("../core/part.ts", import.meta.url);',
  "deno.json": '{ "exports": { ".": "./mod.ts", "./one": "./core/a.ts" } }',
  "docs/page.md": "words",
  "mod.ts": "",
  "python/holdfast/save.py": "pass",
  "tests/fixtures/one.json": "{}",
  "tests/core/a_test.ts": 'import "../../core/a.ts";',
  "tests/core/data_test.ts": 'new URL("../fixtures/one.json", import.meta.url)',
  "tests/core/folder_test.ts": "copy(`tests/fixtures/${name}`); fetch('/docs'); save('docs')",
  "tests/apps/cli_test.ts": 'runDeno("apps/cli.ts", ["save", "core"])',
  "tests/apps/path_test.ts": `run("sh", "${REPO}apps/cli.ts")`,
  "tests/apps/made_test.ts": `write("// it's", 'import "@holdfast/holdfast/one";')`,
  "tests/apps/gone_test.ts": "write(\"import '@holdfast/holdfast/gone';\")",
  "tests/apps/listed_test.ts": 'import { files } from "./listing.ts";',
  "tests/apps/listing.ts": "export const files = await readdir(REPOSITORY);",
  "tests/docs/pages_test.ts": 'readdir(join(REPOSITORY, "docs"))',
  "tests/python/save_test.ts": 'spawn(python, ["tests/python/save.py"])',
  "tests/python/save.py": "import holdfast",
  "tests/python/other_test.ts": "",
};
const GRAPH = new Map<string, string[]>([
  ...Object.keys(FILES).filter((path) => path.endsWith(".ts")).map((path): [string, string[]] => [
    path,
    [],
  ]),
  ["apps/cli.ts", ["core/a.ts"]],
  ["tests/core/a_test.ts", ["core/a.ts", "npm:fast-check"]],
  ["tests/apps/listed_test.ts", ["tests/apps/listing.ts"]],
]);

function filesOf(changes: Record<string, string> = {}, states: FileStates = {}): LoadedFiles {
  const encoder = new TextEncoder();
  const contents = Object.entries({ ...FILES, ...changes });
  return new LoadedFiles(
    new Map(contents.map(([path, text]) => [path, encoder.encode(text)])),
    GRAPH,
    states,
  );
}

Deno.test("a test loads what it imports, and the programs, parts and data that it names", () => {
  const files = filesOf();
  const loads: Record<string, string[]> = {
    "tests/core/a_test.ts": ["core/a.ts"],
    "tests/core/data_test.ts": ["tests/fixtures/one.json"],
    "tests/core/folder_test.ts": ["tests/fixtures/one.json"],
    "tests/apps/cli_test.ts": ["apps/cli.ts", "core/a.ts", "core/part.ts"],
    "tests/apps/path_test.ts": ["apps/cli.ts", "core/a.ts", "core/part.ts"],
    "tests/apps/made_test.ts": ["core/a.ts"],
    "tests/docs/pages_test.ts": ["docs/page.md"],
    "tests/python/save_test.ts": ["python/holdfast/save.py", "tests/python/save.py"],
  };
  for (const [test, loaded] of Object.entries(loads)) {
    assertEquals(files.of([test]), [...loaded, "deno.json", test].sort(), test);
  }
});

Deno.test("a test loads everything if it computes names, or a helper of it does, or it does not exist", () => {
  const files = filesOf(), all = Object.keys(FILES).sort();
  for (const test of ["apps/listed_test.ts", "apps/gone_test.ts", "gone_test.ts"]) {
    assertEquals(files.of([`tests/${test}`]), all, test);
  }
});

Deno.test("names are computed unless each is a literal", () => {
  const literal = [
    'join(REPOSITORY, "docs/page.md")',
    "new Deno.Command(deno, { cwd: REPOSITORY })",
    `\`${REPO}core/a.ts\``,
    'new URL("../a.json", import.meta.url)',
    'import { REPOSITORY } from "./run_deno.ts";',
    'await import("./a.ts")',
    "// all of REPOSITORY",
  ];
  const computed = [
    "join(REPOSITORY, path)",
    "readdir(REPOSITORY)",
    `\`${REPO}${"$"}{path}\``,
    "new URL(`../${name}`, import.meta.url)",
    "dirname(import.meta.url)",
    "await import(module)",
    'sourceFiles(["core"])',
    '["ls-files", "-z"]',
    '["task", "install"]',
  ];
  for (const text of literal) assert(!hasComputedNames(text), text);
  for (const text of computed) assert(hasComputedNames(text), text);
});

Deno.test("a change runs the suites that load it, and no others", () => {
  const before = filesOf();
  const changedBy = (path: string) => {
    const after = filesOf({ [path]: "changed" });
    return Object.keys(FILES).filter((test) => test.endsWith("_test.ts"))
      .filter((test) => before.digestOf([test], "") !== after.digestOf([test], ""));
  };
  const all = ["tests/apps/gone_test.ts", "tests/apps/listed_test.ts"];
  assertEquals(changedBy("core/a.ts"), [
    "tests/core/a_test.ts",
    "tests/apps/cli_test.ts",
    "tests/apps/path_test.ts",
    "tests/apps/made_test.ts",
    ...all,
  ]);
  assertEquals(changedBy("docs/page.md"), [...all, "tests/docs/pages_test.ts"]);
  assertEquals(changedBy("python/holdfast/save.py"), [...all, "tests/python/save_test.ts"]);
  const ofFixtures = ["tests/core/data_test.ts", "tests/core/folder_test.ts"];
  assertEquals(changedBy("tests/fixtures/one.json"), [...ofFixtures, ...all]);
  assertEquals(changedBy("docs/new.md"), [...all, "tests/docs/pages_test.ts"]);
  const test = ["tests/core/a_test.ts"];
  assertNotEquals(before.digestOf(test, "Deno 2"), before.digestOf(test, "Deno 3"));
});

Deno.test("suites run after a change, once a day, and where none passed", () => {
  const passed = (hours: number) => ({ digest: "a", time: NOW - hours * HOUR_MS });
  assert(isUnchanged(passed(23), "a", NOW));
  assert(!isUnchanged(passed(23), "b", NOW));
  assert(!isUnchanged(passed(24), "a", NOW));
  assert(!isUnchanged(passed(-1), "a", NOW)); // a clock that was set back
  assert(!isUnchanged(undefined, "a", NOW));
});

Deno.test("a held suite keeps the time at which it passed; one without a digest runs and leaves no note", () => {
  const old = { digest: "a", time: NOW - HOUR_MS };
  const damaged: GreenRuns = JSON.parse(`{ "unknown": { "time": ${old.time} } }`);
  const last = { same: old, changed: old, gone: old, ...damaged };
  const digests = new Map([["same", "a"], ["changed", "b"], ["new", "c"], ["constructor", "d"]]);
  const names = ["same", "changed", "unknown", "new", "constructor"];
  const choice = chooseSuites(names, digests, last, NOW);
  assertEquals(choice.held, ["same"]);
  assertEquals(choice.run, ["changed", "unknown", "new", "constructor"]);
  assertEquals(choice.passed["same"], old);
  assertEquals(choice.passed["changed"], { digest: "b", time: NOW });
  assertEquals(Object.keys(choice.passed), ["same", "changed", "new", "constructor"]);
  assertEquals(chooseSuites(names, new Map(), last, NOW).run, names);
  assertEquals(tellHeld(choice), [
    "Held over: same, unchanged since passing at 2026-01-01T23:00:00.000Z",
  ]);
});

Deno.test("a module that the graph does not know loads everything", () => {
  const unknown = { "tests/core/unknown_test.ts": 'import "../../core/a.ts";' };
  const files = filesOf(unknown);
  assertEquals(
    files.of(Object.keys(unknown)),
    [...Object.keys(FILES), ...Object.keys(unknown)].sort(),
  );
});

Deno.test("a file that can no longer be run, or can now, is another file", () => {
  const digestOf = (isProgram: boolean) => {
    const states = { "core/a.ts": { mtime: 1, size: 1, isProgram } };
    return filesOf({}, states).digestOf(["tests/core/a_test.ts"], "");
  };
  assertNotEquals(digestOf(true), digestOf(false));
});

Deno.test("each variable is part of the environment, but those of one run and of a terminal", () => {
  const base = { HOLDFAST_DAY: "1", LANG: "C", PATH: "/bin" };
  const ofOneRun = { TMPDIR: "/tmp/a", SHLVL: "2", GITHUB_RUN_ID: "1", SSH_TTY: "a", _: "/bin/a" };
  const own = { HOLDFAST_ALL_TESTS: "1", HOLDFAST_PASSED: "/a" };
  assertEquals(variablesOfTests({ ...ofOneRun, ...base, ...own }), Object.entries(base));
  for (const name of ["AWS_REGION", "DENO_V8_FLAGS", "INSTALLED_PACKAGES", "HOLDFAST_NEW", "TZ"]) {
    assert(variablesOfTests({ [name]: "a" }).length === 1, name);
  }
});

Deno.test("runs are not noted if a file was written while they ran", async () => {
  await using root = await tempRoot();
  const note = root.join("note.json"), runs = { a: { digest: "a", time: NOW } };
  const path = relative(REPOSITORY, root.join("file"));
  await writeFile(root.join("file"), "one");
  const states = { [path]: (await stateOf(path))! };
  assertEquals(await keepGreenRuns(note, runs, states), undefined);
  assertEquals(await readGreenRuns(note), runs);
  const later = { a: { digest: "b", time: NOW } };
  await utimes(root.join("file"), 1, 1); // written, and written back
  assertEquals(await keepGreenRuns(note, later, states), path);
  await rm(root.join("file"));
  assertEquals(await keepGreenRuns(note, later, states), path);
  assertEquals(await readGreenRuns(note), runs);
});

Deno.test("all suites run where the files cannot be read", async () => {
  const { digests } = await lookUp(SUITES, () => Promise.reject(new Error("no git")));
  assertEquals(digests.size, 0);
});

Deno.test("a note of green runs is read back, and a damaged one is none", async () => {
  await using root = await tempRoot();
  const note = root.join("cache/note.json"), runs = { a: { digest: "a", time: NOW } };
  assertEquals(await readGreenRuns(note), {});
  await noteGreenRuns(note, runs);
  assertEquals(await readGreenRuns(note), runs);
  await Promise.all(Array.from({ length: 8 }, () => noteGreenRuns(note, runs))); // runs at once
  assertEquals(await readGreenRuns(note), runs);
  for (const text of ["{", "null", "1"]) {
    await writeFile(note, text);
    assertEquals(await readGreenRuns(note), {}, text);
  }
});

slowTest("tests of this repository load their extension, their programs and Python", async () => {
  const files = await LoadedFiles.read();
  const loads: Record<string, string[]> = {
    "tests/extensions/gateways/mlflow/python_test.ts": [
      "extensions/gateways/mlflow/mlflow_gateway.ts",
      "core/errors.ts",
    ],
    "tests/apps/cli_process_test.ts": ["apps/cli.ts", "apps/extensions.ts", "registry/open.ts"],
    "tests/python/writing_test.ts": ["python/holdfast/service_registry.py"],
    "tests/dev/deno_bundle_test.ts": ["mod.ts", "formats/jsonl.ts"],
    "tests/workers/save_test.ts": ["workers/worker.ts"],
    "tests/servers/processes_test.ts": ["tests/servers/programs/save_numbered.ts"],
    "tests/registry/kept_registry_test.ts": [
      "tests/fixtures/registry/names/con=/versions,final,p8p9p9,9007199254740990.rec",
    ],
    "tests/backends/s3/servers_test.ts": ["dev/servers/install_servers.ts"],
    "tests/apps/cli_test.ts": ["apps/cli.ts"],
    "tests/dev/install_test.ts": ["dev/install.ts"],
    "explorer/tests/views_test.ts": [
      "explorer/src/main.ts",
      ...INPUTS.filter((path) => path.endsWith(".ts")),
      "apps/difference/file_content.ts",
    ],
    "tests/extensions_test.ts": [
      "extensions/gateways/s3/s3_gateway.ts",
      "tests/registry/conformance/registries_test.ts",
    ],
    "tests/simulate_test.ts": ["registry/cell/cell.ts"],
  };
  for (const [test, wanted] of Object.entries(loads)) {
    const loaded = new Set(files.of([test]));
    for (const path of [...wanted, ...READ_BY_ALL]) assert(loaded.has(path), `${test}: ${path}`);
  }
  assert(files.of(SUITES["fuzz"]!).includes("apps/server/guard/guard.ts"));
  const known = new Set([
    ...await sourceFiles([...TEST_FOLDERS, "dev", "apps", "formats", "explorer"]),
  ]);
  for (const path of Object.keys(COMPUTED)) assert(known.has(path), `${path} does not exist`);
  const s3 = files.of(["tests/core/errors_test.ts"]);
  assertEquals(s3.filter((path) => path.startsWith("extensions/gateways/")), []);
});
