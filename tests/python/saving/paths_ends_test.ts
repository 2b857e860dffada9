// How files and blocks end that Python programs write by paths.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const BEGIN = `
import gc, gzip, sys, threading
import fsspec
import holdfast
fsspec.register_implementation("holdfast", "holdfast.filesystem.HoldfastFileSystem")
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
def refused(call):
    try:
        print("returned", call())
    except (OSError, holdfast.HoldfastError) as error:
        print(type(error).__name__, str(error).splitlines()[0])
def sizes(ref):
    return {file.path: file.size for file in registry.open(ref).files}
`;

async function linesOf(root: { join(path: string): string }, program: string): Promise<string[]> {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = served(registry, ["write:*", "read:*"]);
  return await runProgram(BEGIN + program, { args: [service.location, service.token!] });
}

const TORN = `
new = holdfast.version("torn", registry, id="1")
for mode, compression in [("wb", None), ("w", None), ("wb", "gzip"), ("wt", "gzip"), ("ab", None), ("a", None)]:
    try:
        with new, new.open("torn", mode, compression=compression) as file:
            file.write("half" if "b" not in mode else b"half")
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        print(mode, compression, new.files())
`;

pythonTest("a file is absent if its block fails, in each mode", async (root) => {
  assertEquals(await linesOf(root, TORN), [
    "wb None []",
    "w None []",
    "wb gzip []",
    "wt gzip []",
    "ab None []",
    "a None []",
  ]);
});

const OPEN = `
def leave(mode, compression=None, name="open"):
    with holdfast.version(name, registry) as new:
        new.pipe("whole", b"1")
        file = new.open("left", mode, compression=compression)
        file.write("x" if mode == "w" else b"x")
        del file
        gc.collect()
for mode, compression in [("wb", None), ("w", None), ("wb", "gzip")]:
    refused(lambda: leave(mode, compression))
files = fsspec.filesystem("holdfast", registry=registry)
def transaction():
    with files.transaction:
        files.pipe("open/whole", b"1")
        files.open("open/left", "wb").write(b"x")
refused(transaction)
print("open" in registry, files._intrans)
with holdfast.version("open", registry) as new:
    new.open("again", "wb").write(b"x")
    new.pipe("again", b"whole")
    refused(lambda: new.pipe("a/../b", b"1"))
    with new.open("text.gz", "wt", compression="infer") as file:
        file.write("text")
    with new.open("bytes.gz", "wb", compression="gzip") as file:
        file.write(b"text")
print({path: gzip.decompress(registry.open("open").file(path).read()) for path in sizes("open") if path.endswith("gz")})
print(sizes("open")["again"])
`;

pythonTest("a version is refused while a file was never closed", async (root) => {
  const never = 'Invalid Cannot save a version of "open": "left" was never closed';
  assertEquals(await linesOf(root, OPEN), [
    ...new Array(4).fill(never),
    "False False",
    'Invalid Cannot save a file as "a/../b": it has a ".." segment',
    "{'bytes.gz': b'text', 'text.gz': b'text'}",
    "5",
  ]);
});

const BLOCKS = `
files = fsspec.filesystem("holdfast", registry=registry)
def nested():
    with files.transaction:
        files.pipe("outer/a", b"1")
        with files.transaction:
            files.pipe("inner/a", b"1")
refused(nested)
def shared():
    with files.transaction:
        files.pipe("outer/a", b"1")
        def other():
            refused(files.transaction.__enter__)
        thread = threading.Thread(target=other)
        thread.start(), thread.join()
        files.pipe("outer/b", b"1")
shared()
print([*registry.names()], sizes("outer"))
with files.transaction as block:
    files.pipe("removed/a", b"1")
    files.rm("removed/a")
    files.pipe("kept/a", b"1")
print([each.ref for each in block.saved])
def removed():
    with holdfast.version("removed", registry) as new:
        new.pipe("a", b"1")
        new.rm("a")
refused(removed)
def empty():
    with holdfast.version("empty", registry):
        pass
refused(empty)
with holdfast.version("dropped", registry) as new:
    new.pipe("a", b"1")
    new.discard()
with holdfast.version("names", registry) as new:
    new.pipe("a@2x.png", b"1")
    new.cp("a@2x.png", "b@3x.png")
    new.cp("kept@1.0.0/a", "c")
    new.pipe("a", b"123")
    refused(lambda: new.open("a", "r+b"))
print([*registry.names()], sizes("names"))
`;

pythonTest(
  "blocks are refused inside each other, and removed files are no version",
  async (root) => {
    const begun =
      "Invalid Cannot begin a transaction: this one has begun, perhaps in another thread";
    const lines = await linesOf(root, BLOCKS);
    assertEquals(lines.map((line) => line.replace(/draft "[^"]+"/, "draft")), [
      begun,
      begun,
      "['outer'] {'a': 1, 'b': 1}",
      "['kept@1.0.0']",
      'NotFound Cannot save a version of "removed": all of its files were removed',
      'NotFound Cannot commit draft of "empty": nothing was added to it',
      "UnsupportedOperation cannot open names@/a in the mode 'r+b': use w, a or x",
      "['kept', 'names', 'outer'] {'a': 3, 'a@2x.png': 1, 'b@3x.png': 1, 'c': 1}",
    ]);
  },
);
