// The page about Python, with a real one. `HOLDFAST_PYTHON` names it; else `python3` is tried.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { createHandler } from "../../apps/server.ts";
import type { NDArray } from "../../materializers/mod.ts";
import type { Table } from "../../formats/csv.ts";
import { addFormats } from "../../materializers/formats.ts";
import { openRegistry } from "../../mod.ts";
import { findPython } from "../support/numpy.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { tempRoot } from "../support/temp_root.ts";

const python = await findPython("numpy, pyarrow");

Deno.test({
  name: "the page about Python reads and writes a registry, and prints what it says",
  ignore: python === undefined,
  async fn() {
    const page = await readFile(join(REPOSITORY, "docs/python.md"), "utf8");
    const program = Array.from(page.matchAll(/^```python\n([^]*?)^```$/gm), ([, text]) => text);
    const expected = Array.from(
      program.join("").matchAll(/\bprint\(.*\) {2}# (.*)$/gm),
      ([, text]) => text,
    );
    await using root = await tempRoot();
    await using registry = await openRegistry("memory:");
    await registry.save("my:config", { depth: 12 });
    await registry.setAlias("my:config", "production", "1.0.0");
    await using handler = createHandler(registry);
    await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
    const { stdout } = await promisify(execFile)(python!, ["-c", program.join("\n")], {
      cwd: root.path,
      env: { HOLDFAST_SERVICE: `http://127.0.0.1:${server.addr.port}` },
    });
    assertEquals(stdout.trim().split("\n"), expected);

    addFormats(registry.materializers);
    assertEquals(await registry.load("my:config"), { depth: 24 });
    assertEquals(((await registry.load("my:weights")) as NDArray).shape, [2, 3]);
    for (const name of ["my:wells", "my:wells:arrow"]) {
      const table = await registry.load(name) as Table;
      const rows = await Array.fromAsync(table.rows());
      assertEquals(rows, [{ well: "A01", cells: 12n }, { well: "A02", cells: 34n }]);
    }
  },
});
