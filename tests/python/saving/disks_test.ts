// Disks and memory that are full, and disks that cannot be written: each way of the Python package to meet one names the place and what to do.
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import { realSystem } from "../../../core/system.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { pythonTest, runProgram } from "../reader.ts";

const HEAD = `
import os, pathlib, shutil, sys, tempfile
from unittest import mock
import holdfast

def shown(title, call):
    try:
        print(title, "saved", call() is None)
    except holdfast.HoldfastError as error:
        print(title, error.code, next((each for each in sys.argv[1:] if each in f"{error}"), error.hint))

at = os.getcwd()
file = pathlib.Path("file")
file.write_text("")
good = at + "/good"
with holdfast.service(good) as registry:
    registry.save("value", 1)
`;

const PLACES = `${HEAD}
def serve(folder, value=1):
    with holdfast.service(folder) as registry:
        registry.save("value", value)

def copy(folder):
    with mock.patch.dict(os.environ, HOLDFAST_PYTHON_CACHE=folder):
        holdfast.open_registry(good).open("value").path()

arrays = [bytes(2**20), 1]
shown("registry that cannot be created", lambda: serve("/proc/registry"))
shown("registry below a file", lambda: serve(at + "/file/registry"))
shown("copy", lambda: copy(at + "/file/copies"))
shown("download", lambda: holdfast.open_registry(good).open("value").download(at + "/file/folder"))
for title, tempdir in ("below a file", at + "/file/tmp"), ("gone", at + "/gone"), ("none at all", None):
    tempfile.tempdir = tempdir
    tempfile._candidate_tempdir_list = lambda: [at + "/gone"]
    shown(f"service, temporary folder {title}", lambda: serve(good))
    shown(f"registry in a folder, temporary folder {title}", lambda: holdfast.open_registry(good).save("value", arrays))
    tempfile.tempdir = "/tmp"
    with holdfast.service(good) as registry:
        tempfile.tempdir = tempdir
        shown(f"files, temporary folder {title}", lambda: registry.save("value", arrays))
`;

const PACKAGES = `${HEAD}
error = when = None
class Value:
    pass

@holdfast.serializer(Value, "mine")
class Mine:
    def fail(self, step):
        if when == step:
            raise error

    def save(self, value, folder):
        self.fail("save")

    def load(self, loading):
        self.fail("load")

    def difference(self, value, loading):
        self.fail("difference")
        return ""

with holdfast.service(good) as registry:
    registry.save("mine", Value())
    steps = {"save": lambda: registry.save("again", Value()), "load": lambda: registry.load("mine")}
    for when, call in {**steps, "difference": steps["save"]}.items():
        for error in (
            RuntimeError("I/O error: No space left on device (os error 28)"),
            RuntimeError("(Error 28: No space left on device) file.cpp:1080: can't write"),
            OSError("Disk quota exceeded"),
            ValueError("Read-only file system: a"),
        ):
            shown(when, call)
        error = RuntimeError("FileStream.Write incomplete")  # whose package hides why
        with mock.patch("shutil.disk_usage", lambda _: mock.Mock(free=0)):
            shown(when, call)
        shown(when, call)
        for error in MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte"):
            shown(when, call)
    print("again" in registry)
`;

const COMMAND = {
  HOLDFAST_COMMAND: `${Deno.execPath()} run -A ${LOADS_LATE} ${join(REPOSITORY, "apps/cli.ts")}`,
  PATH: realSystem.env("PATH") ?? "",
};
const WORDS = ["Set TMPDIR to", "Set HOLDFAST_PYTHON_CACHE to", "Free memory or use"];

pythonTest("a place that cannot be written is named with what to do", async (root) => {
  const options = { env: COMMAND, cwd: root.path, args: WORDS };
  const lines = await runProgram(PLACES, options);
  const kinds = lines.map((line) => line.replace(/ (Check|A registry).*/, ""));
  assertEquals(kinds, [
    "registry that cannot be created Unavailable",
    "registry below a file Invalid",
    "copy Unavailable Set HOLDFAST_PYTHON_CACHE to",
    "download Unavailable",
    ...["below a file", "gone", "none at all"].flatMap((title) =>
      ["service", "registry in a folder", "files"].map((each) =>
        `${each}, temporary folder ${title} Unavailable Set TMPDIR to`
      )
    ),
  ]);
});

pythonTest("a full disk that a package reports in its own way is Unavailable", async (root) => {
  const options = { env: COMMAND, cwd: root.path, args: WORDS };
  const lines = await runProgram(PACKAGES, options);
  const expected = ["save", "load", "difference"].flatMap((step) => [
    ...new Array(5).fill(`${step} Unavailable Set TMPDIR to`),
    step === "save"
      ? "save TaskFailed Fix the value, or save a part of it."
      : step === "load"
      ? "load TaskFailed Pass \`into\` with the class and the arguments of the saved object."
      : "difference Unsupported Save its parts, or a file that its package writes.",
    ...new Array(2).fill(`${step} Unavailable Free memory or use`),
  ]);
  assertEquals(lines, [...expected, "False"]);
});
