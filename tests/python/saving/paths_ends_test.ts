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

const SAME_DRAFT = `
def block(own, name="a"):
    with holdfast.version(name, own, id="1") as new:
        new.pipe("of a block", b"1")
def transaction(path):
    with files.transaction:
        files.pipe(path, b"1")
with holdfast.version("a", registry, id="1") as first:
    first.pipe("first", b"1")
    files = fsspec.filesystem("holdfast", **first.storage_options)
    refused(lambda: block(registry))
    refused(lambda: block(holdfast.connect(sys.argv[1], token=sys.argv[2])))
    refused(lambda: transaction("a@/of a block"))
    print("a" in registry, files._intrans)
    files.pipe("a@/without", b"1")
    block(registry, "b")
    transaction("c@/of a block")
print(sizes("a"), sizes("b"), sizes("c"))
def fails():
    with holdfast.version("d", registry, id="1"):
        raise OSError("failed")
refused(fails)
block(registry, "d")
print(sizes("d"))
`;

pythonTest(
  "a program has one block that writes a draft, and others write into it",
  async (root) => {
    const other = 'another block of this program writes the same draft, "1"';
    assertEquals(await linesOf(root, SAME_DRAFT), [
      ...new Array(3).fill(`Invalid Cannot write a version of "a": ${other}`),
      "False False",
      "{'first': 1, 'without': 1} {'of a block': 1} {'of a block': 1}",
      "OSError failed",
      "{'of a block': 1}",
    ]);
  },
);

const SHARED = `
files = fsspec.filesystem("holdfast", registry=registry, draft="1")
other = fsspec.filesystem("holdfast", registry=registry, draft="1")
left = other.open("a/left", "wb")
left.write(b"half")
def fails():
    with files.transaction:
        files.pipe("a/whole", b"1")
        raise OSError("failed")
refused(fails)
print(other.cat("a/whole"))
refused(lambda: other.commit("a"))
left.close()
print(other.commit("a").ref, sizes("a"))
alone = fsspec.filesystem("holdfast", registry=registry)
def never():
    with alone.transaction:
        alone.open("b/left", "wb").write(b"half")
refused(never)
refused(never)
with alone.transaction:
    alone.pipe("b/whole", b"1")
print(sizes("b"))
`;

pythonTest("a transaction that fails keeps what others write into its draft", async (root) => {
  assertEquals(await linesOf(root, SHARED), [
    "OSError failed",
    "b'1'",
    'Invalid Cannot save a version of "a": "left" was never closed',
    "a@1.0.0 {'left': 4, 'whole': 1}",
    ...new Array(2).fill('Invalid Cannot save a version of "b": "left" was never closed'),
    "{'whole': 1}",
  ]);
});

const OTHER_PROCESS = `
import multiprocessing
from holdfast.drafts.draft import Draft

def other(name, pipe):
    own = holdfast.connect(sys.argv[1], token=sys.argv[2])
    try:
        with holdfast.version(name, own, id="1") as new:
            for path in iter(pipe.recv, None):
                new.pipe(path, b"1")
                pipe.send("wrote")
        pipe.send(f"{new.saved.ref} {new.saved.skipped}")
    except holdfast.HoldfastError as error:
        pipe.send(f"{type(error).__name__} {error.message}")

def write(path):
    pipe.send(path)
    return pipe.recv() if path is None else print(path, pipe.recv())

commit = Draft.commit
def late(self, **options):
    write("late")  # after the files of the version were listed
    return commit(self, **options)

for name, before, after in [("a", commit, None), ("b", commit, "after"), ("c", late, None)]:
    pipe, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=other, args=(name, theirs))
    process.start()
    write("theirs")
    Draft.commit = before
    with holdfast.version(name, registry, id="1") as new:
        new.pipe("ours", b"1")
    Draft.commit = commit
    if after:
        write(after)
    else:
        print(write(None))
    process.join()
    print(sizes(name))
`;

pythonTest("of two processes with blocks of one draft, the first saves for both", async (root) => {
  const lines = await linesOf(root, OTHER_PROCESS);
  assertEquals(lines.map((line) => line.replace(/ \("path-.*\)$/, "")), [
    "theirs wrote",
    "a@1.0.0 True",
    "{'ours': 1, 'theirs': 1}",
    "theirs wrote",
    'after Conflict Cannot use draft "1" of "b": it was committed as 1.0.0',
    "{'ours': 1, 'theirs': 1}",
    "theirs wrote",
    "late wrote",
    'Conflict Cannot commit draft "1" of "c": it was committed with other parts',
    "{'ours': 1, 'theirs': 1}",
  ]);
});
