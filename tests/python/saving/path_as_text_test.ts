// Strings that name files, which every other tool takes as paths.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PATHS = `
import os, pathlib, sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
os.mkdir("out")
open("out/model.bin", "w").write("weights")
for value in ("out/model.bin", "out", os.path.abspath("out/model.bin"), "."):
    try:
        raise AssertionError(registry.save("a", value))
    except holdfast.Invalid as error:
        print(error.hint.replace(os.getcwd(), "/x"))
print(*registry.names())
print(registry.load(registry.save("a", "out/model.bin", text=True).ref))
assert registry.load(registry.save("a", pathlib.Path("out/model.bin")).ref) == b"weights"
for value in ("out/none.bin", "out/model.bin\\n", "", "\\0", "x" * 100_000, ["out/model.bin"], {"path": "out"}):
    assert registry.load(registry.save("a", value).ref) == value
for value in (1, b"x", pathlib.Path("out")):
    try:
        raise AssertionError(registry.save("a", value, text=True))
    except holdfast.Invalid as error:
        assert "text=True" in error.hint
`;

pythonTest("a str that names a file is saved only with text=True", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  assertEquals(
    await runProgram(PATHS, { args: [service.location, service.token!], cwd: root.path }),
    [
      "Pass pathlib.Path('out/model.bin') to save what it names, or text=True to save the str.",
      "Pass pathlib.Path('out') to save what it names, or text=True to save the str.",
      "Pass pathlib.Path('/x/out/model.bin') to save what it names, or text=True to save the str.",
      "Pass pathlib.Path('.') to save what it names, or text=True to save the str.",
      "",
      "out/model.bin",
    ],
  );
});
