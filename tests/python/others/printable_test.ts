// Names, paths and metadata of others, on a terminal and in a notebook.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { localPath, openRegistry } from "../../../mod.ts";
import { printable } from "../../../core/naming/printable.ts";
import { ENVIRONMENT, python, pythonTest } from "../reader.ts";

const PATH = "a\x1b]0;title\x07\x9b\u202egnp.exe\u2066\u200b\nforged line\u200c";
/** Everything that a terminal or a page obeys. */
// deno-lint-ignore no-control-regex
const OBEYED = /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

const HTML = `
import holdfast
artifact = holdfast.open_registry("registry").open("m\u202e:x")
print(artifact._repr_html_())
try:
    artifact.file("none" + artifact.files[0].path)
except holdfast.HoldfastError as error:
    print(error)
`;

pythonTest("Python prints the characters of paths, metadata and errors escaped", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await mkdir(root.join("files"));
  await writeFile(root.join("files", PATH), "x");
  const metadata = { note: "\u009b\u202e\u001b[8m", letters: "öا" };
  await registry.save("m\u202e:x", localPath(root.join("files")), { metadata });
  const run = async (...args: string[]) => {
    const options = { cwd: root.path, env: ENVIRONMENT };
    return (await promisify(execFile)(python!, args, options)).stdout;
  };
  const info = (await run("-m", "holdfast", "-r", "registry", "info", "m\u202e:x")).split("\n");
  assertEquals(info.length, 4, "the version, its metadata, its file and the end");
  assertStringIncludes(info[2]!, printable(PATH));
  assertEquals(JSON.parse(info[1]!), metadata);
  assertStringIncludes(info[1]!, "öا");
  assert(!OBEYED.test(info[1]! + info[2]!), info.join("\n"));
  const shown = await run("-c", HTML);
  assert(!OBEYED.test(shown), shown);
  assertStringIncludes(shown, "\\u202egnp.exe");
});
