// The rooms of the Python package. Reads its sources, and needs no Python.
import { assert, assertEquals, assertThrows } from "@std/assert";
import { dirname } from "@std/path";
import { findCycle } from "./support/module_graph.ts";
import { pythonGraph, readPython } from "./house/python_graph.ts";

/** Each room, and the rooms that it may import beside itself. The files beside them import all. */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  files: ["core"],
  values: ["core", "files"],
  signatures: ["core"],
  artifacts: ["core", "files", "values", "signatures"],
  store: ["core", "files", "artifacts"],
  client: ["core", "files", "values", "artifacts"],
  runs: ["core", "values", "artifacts", "client"],
  drafts: ["core", "files", "values", "artifacts", "client"],
  paths: ["core", "files", "artifacts", "client", "drafts"],
};

const sources = await readPython();
const graph = pythonGraph(sources);
const roomOf = (path: string) => path.includes("/") ? path.split("/", 1)[0]! : "";

Deno.test("modules of the Python package import only the rooms below theirs", () => {
  const inRooms = [...graph].filter(([path]) => roomOf(path) !== "");
  const forbidden = inRooms.flatMap(([path, targets]) => {
    const room = roomOf(path);
    assert(room in ROOMS, `${path} is in no room of the table`);
    return targets.filter((target) => ![room, ...ROOMS[room]!].includes(roomOf(target)))
      .map((target) => `${path} -> ${target}`);
  });
  assertEquals(forbidden, []);
});

Deno.test("imports of the Python package make no cycle, also those in functions and for types", () => {
  assertEquals(findCycle(graph), undefined);
});

Deno.test("the Python package has files of at most 400 lines, and 18 in a folder", () => {
  const long = [...sources].filter(([, text]) => text.split("\n").length > 401);
  assertEquals(long.map(([path]) => path), []);
  const folders = Map.groupBy(sources.keys(), dirname);
  assertEquals([...folders].filter(([, files]) => files.length > 18), []);
});

Deno.test("an import of Python is found wherever it is written", () => {
  const found = (text: string) =>
    pythonGraph(
      new Map([["a/b.py", text], ["c.py", ""], ["a/d.py", ""], ["a/__init__.py", ""]]),
    ).get("a/b.py");
  assertEquals(found("if True:\n    from ..c import x\ndef f():\n\tfrom .d import (\n  y,\n)"), [
    "c.py",
    "a/d.py",
  ]);
  assertEquals(found("from . import d\nfrom .. import c, a as b"), [
    "a/d.py",
    "c.py",
    "a/__init__.py",
  ]);
  assertEquals(found('"""\nfrom .none import x\nimport holdfast\n"""'), []);
  assertThrows(() => found("from holdfast.c import x"), Error, "relative");
  assertThrows(() => found("from .none import x"), Error, "does not exist");
});
