// Small files that unpack to much more are refused before they take memory, and memory that is full is an error of Holdfast.
import { assertEquals } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { findPython } from "../../support/numpy.ts";
import { REPOSITORY } from "../../support/run_deno.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, served } from "../reader.ts";

const PACKAGES = "datasets, pyarrow";
const python = await findPython(PACKAGES, 0, "HOLDFAST_HF_PYTHON");
const why = python === undefined ? ` (ignored: no Python with ${PACKAGES})` : "";

const PARTS: [title: string, part: string, lines: string[]][] = [
  ["data sets that unpack to much more than was saved are refused", "files", [
    ...["numbers", "strings", "lists", "prefixes", "pages"]
      .flatMap((title) => new Array(3).fill(`${title} Corrupt`)),
    "splits Corrupt",
    ...["page", "encoding"].map((title) => `${title} Corrupt`),
    ...["page", "encoding", "file", "stream", "dictionary"].map((title) => `${title} Unavailable`),
    "little memory True",
    "enough memory returned 602",
    "trusted returned 40000000",
    "numbers returned 10000000",
    "bytes returned 10000000",
    "strings returned 2000",
    "nothing returned 1000000",
  ]],
  ["tables that fit are read, and others are refused, by what their pages hold", "bounds", [
    "done",
  ]],
  ["damaged Parquet is an error", "damage", ["True True True"]],
  ["Python without memory raises an error of Holdfast", "machine", [
    ...["table", "array", "bytes", "value"].map((title) => `${title} Unavailable`),
    "table returned 40000000",
    "array returned (40000000,)",
    "False",
    ...new Array(10).fill("any Unavailable"),
  ]],
];

for (const [title, part, expected] of PARTS) {
  Deno.test({
    name: `${title}${why}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await using registry = await openRegistry(root.join("registry"), { cache: false });
      await using service = served(registry, ["write:*", "read:*"]);
      const cache = { HOLDFAST_PYTHON_CACHE: root.join("cache"), HF_HOME: root.join("hf") };
      const env = { ...ENVIRONMENT, ...cache, HF_HUB_OFFLINE: "1", OMP_NUM_THREADS: "1" };
      const program = join(REPOSITORY, "tests/python/objects/memory.py");
      const args = [program, service.location, service.token!, part];
      const { stdout } = await promisify(execFile)(python!, args, { env, cwd: root.path });
      assertEquals(stdout.trimEnd().split("\n"), expected);
    },
  });
}
