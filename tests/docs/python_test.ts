// The page about Python and the example notebook, with a real Python and a real service.
// `HOLDFAST_PYTHON` names the Python; else `python3` is tried.
import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { cp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { addFormats } from "../../materializers/formats.ts";
import { openRegistry } from "../../mod.ts";
import type { Table } from "../../formats/csv.ts";
import { findPython } from "../support/numpy.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { environment, linesShown, programOf } from "./python_programs.ts";

const python = await findPython("duckdb, nbclient, numpy, polars, pyarrow, sklearn");
const PROGRAMS = {
  "docs/python.md": ["save", "log", "errors"],
  "docs/python_files.md": ["drafts", "fsspec"],
  "docs/python_training.md": ["sklearn", "checkpoints", "curves"],
  "docs/runs.md": ["run"],
};

Deno.test({
  name: "the pages about Python and runs save and read, and print what they say",
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    const options = { cwd: root.path, env: environment(root.path) };
    const programs = Object.entries(PROGRAMS).flatMap(([path, names]) =>
      names.map((name) => ({ path, name }))
    );
    for (const { path, name } of programs) {
      const page = await readFile(join(REPOSITORY, path), "utf8");
      const program = programOf(page, name);
      const expected = linesShown(program);
      assert(expected.length > 0, name);
      const setUp = name === "fsspec"
        ? "import holdfast.filesystem, fsspec\n" +
          "fsspec.register_implementation('holdfast', holdfast.filesystem.HoldfastFileSystem)\n"
        : "";
      const file = root.join("program.py"); // other processes can import what it defines
      await writeFile(file, setUp + program);
      const { stdout } = await promisify(execFile)(python!, [file], options);
      assertEquals(stdout.trim().split("\n"), expected, name);
    }
    await using registry = await openRegistry(root.join(".holdfast"));
    addFormats(registry.materializers);
    const table = await registry.load("team:scores") as Table;
    assertEquals((await Array.fromAsync(table.rows())).length, 3);
    assertEquals((await registry.info("team:scores")).inputs, ["team:model@1.0.0"]);
  },
});

const RUN = `
import sys, nbclient, nbformat
notebook = nbformat.read(sys.argv[1], 4)
nbclient.NotebookClient(notebook, timeout=300, kernel_name="python3").execute()
cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
shown = [data for cell in cells for output in cell.outputs for data in [output.get("data", {})]]
print(len(cells), sum("<table>" in data.get("text/html", "") for data in shown))
`;

Deno.test({
  name: "the example notebook runs, and shows tables",
  ignore: python === undefined,
  async fn() {
    await using root = await tempRoot();
    await cp(join(REPOSITORY, "examples/python.ipynb"), root.join("python.ipynb"));
    const options = { cwd: root.path, env: environment(root.path) };
    const { stdout } = await promisify(execFile)(python!, ["-c", RUN, "python.ipynb"], options);
    assertEquals(stdout.trim(), "6 3");
  },
});
