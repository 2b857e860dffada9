// Runs the examples of the documentation, in a folder of their own: what they write is gone
// afterwards. Beside it they find `./examples`, as they would in a clone.
import { readdirSync, readFileSync } from "node:fs";
import { cp } from "node:fs/promises";
import { join } from "@std/path";
import { REPOSITORY } from "../tests/support/run_deno.ts";
import { PRODUCT_FOLDERS, sourceFiles } from "../tests/support/source_files.ts";
import { tempRoot } from "../tests/support/temp_root.ts";

const pages = [".", "docs"].flatMap((folder) =>
  readdirSync(join(REPOSITORY, folder)).filter((name) => name.endsWith(".md"))
    .map((name) => join(folder, name))
);
const sources = await sourceFiles([...PRODUCT_FOLDERS, "tests"]);
const published = sources.filter((path) =>
  !path.startsWith("tests/") || /^tests\/(conformance|simulate)\//.test(path)
);
// A file is imported to be looked through: programs of threads have no example, and run nowhere else.
const shown = published.filter((path) =>
  / \* ```/.test(readFileSync(join(REPOSITORY, path), "utf8"))
);

await using root = await tempRoot();
await cp(join(REPOSITORY, "examples"), root.join("examples"), { recursive: true });
const { code } = await new Deno.Command(Deno.execPath(), {
  args: [
    "test",
    "-A",
    "--no-check", // deno task ok:written checks them
    "--doc",
    `--config=${join(REPOSITORY, "deno.json")}`,
    ...[...pages, "mod.ts", ...shown].map((path) => join(REPOSITORY, path)),
  ],
  cwd: root.path,
}).spawn().status;
await root.remove();
Deno.exit(code);
