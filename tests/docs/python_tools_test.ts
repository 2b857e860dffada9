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

const PACKAGES = "upath, dagster, kedro_datasets, pandas, pyarrow";
const python = await findPython(PACKAGES, 0, "HOLDFAST_TOOLS_PYTHON");

for (const name of ["upath", "dagster", "kedro"]) {
  Deno.test({
    name: `the program with ${name} prints what its page says${
      python === undefined ? ` (ignored: no Python with ${PACKAGES})` : ""
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
      const env = { ...environment(root.path), DAGSTER_HOME: "", DO_NOT_TRACK: "1" };
      const { stdout } = await promisify(execFile)(python!, [file], { cwd: root.path, env });
      assertEquals(stdout.trim().split("\n"), expected);
    },
  });
}
