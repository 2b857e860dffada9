// The programs of the page about packages that use fsspec, with these packages.
import { assert, assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { findPython } from "../support/numpy.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";
import { environment, linesShown, programOf } from "./python_programs.ts";

const TOOLS = "upath, dagster, kedro_datasets, pandas, pyarrow";
const tools = await findPython(TOOLS, 0, "HOLDFAST_TOOLS_PYTHON");
const airflow = await findPython("airflow, fsspec", 0, "HOLDFAST_AIRFLOW_PYTHON");

for (
  const [name, python, packages] of [
    ["upath", tools, TOOLS],
    ["dagster", tools, TOOLS],
    ["kedro", tools, TOOLS],
    ["airflow", airflow, "airflow, fsspec"],
    ["airflow_bundle", airflow, "airflow, fsspec"],
  ] as const
) {
  Deno.test({
    name: `the program with ${name} prints what its page says${
      python === undefined ? ` (ignored: no Python with ${packages})` : ""
    }`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      const page = await readFile(join(REPOSITORY, "docs/python_tools.md"), "utf8");
      const program = programOf(page, name);
      const expected = linesShown(program);
      assert(expected.length > 0, name);
      const file = root.join("program.py");
      const register = "import fsspec\n" +
        "fsspec.register_implementation('holdfast', 'holdfast.filesystem.HoldfastFileSystem')\n";
      await writeFile(file, register + program);
      const env = {
        ...environment(root.path),
        AIRFLOW_HOME: root.join("airflow"),
        DAGSTER_HOME: "",
        DO_NOT_TRACK: "1",
        PYTHONWARNINGS: "ignore", // which Airflow prints to the standard output
      };
      const { stdout } = await promisify(execFile)(python!, [file], { cwd: root.path, env });
      assertEquals(stdout.trim().split("\n"), expected);
    },
  });
}
