// Files with a byte order mark, as Python programs read them.
import { assertEquals } from "@std/assert";
import { writeFile } from "node:fs/promises";
import { localPath, openRegistry } from "../../mod.ts";
import { pythonTest, runProgram } from "./reader.ts";

const PROGRAM = `
import sys
import holdfast

file = holdfast.open_registry(sys.argv[1]).open("a").file("a.json")
print(file.json(), file.text()[0] == chr(0xFEFF))
print(holdfast.open_registry(sys.argv[1]).load("a"))
`;

pythonTest("a byte order mark in front of JSON is skipped", async (root) => {
  const location = root.join("registry");
  await writeFile(root.join("a.json"), "\ufeff[1]");
  await using registry = await openRegistry(location, { cache: false });
  await registry.save("a", localPath(root.join("a.json")));
  assertEquals(await runProgram(PROGRAM, { args: [location] }), ["[1] True", "[1]"]);
});
