// Saves and runs of a program that has come to its end: in `atexit`, and in threads that still run.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { pointsOf } from "../../extensions/runs/run_cases.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import atexit, os, pathlib, sys, threading, traceback
import holdfast, numpy, pandas

place, url, token = sys.argv[1:4]
registry = holdfast.connect(url, token=token)
started = registry.run("started", id=place)
started.log(loss=1)

def last_words():
    if place == "thread":
        threading.main_thread().join()
    try:
        folder = pathlib.Path("model")
        folder.mkdir()
        for each in range(6):
            (folder / f"{each}.bin").write_bytes(bytes([each]) * 300_000)
        (folder / "large.bin").write_bytes(bytes(9_000_000))
        frame = pandas.DataFrame({"a": range(1000), "b": numpy.arange(1000) / 3})
        values = {"json": {"a": 1}, "file": folder / "1.bin", "folder": folder, "frame": frame}
        for name, value in values.items():
            registry.save(name, value)
        started.log(loss=2)
        print(started.finish(folder).ref)
        late = registry.run("late", id=place)
        late.log(loss=3)
        print(late.finish(frame).ref)
        registry.run("left", id=place).log(loss=4)
        print(registry.load("frame").num_rows, len(registry.load("file")))
        registry.download("folder", "copy")
        print(registry.open("folder").path("large.bin").stat().st_size)
    except BaseException:
        traceback.print_exc()
        os._exit(1)

if place == "atexit":
    atexit.register(last_words)
else:
    threading.Thread(target=last_words).start()
`;

const EARLY = `
import atexit, sys
import holdfast

run = None
atexit.register(lambda: print(run.finish({"a": 1}).ref))
run = holdfast.connect(sys.argv[1], token=sys.argv[2]).run("early")
run.log(loss=1)
`;

for (const place of ["atexit", "thread"]) {
  pythonTest(`a program saves at its end: ${place}`, async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    const args = [place, service.location, service.token!];
    const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
    assertEquals(await runProgram(PROGRAM, { args, cwd: root.path, env }), [
      ...["started@1.0.0", "late@1.0.0", "1000 300000", "9000000"],
    ]);
    assertEquals(await pointsOf(registry, "started"), [
      { step: 0, loss: 1 },
      { step: 1, loss: 2 },
    ]);
    assertEquals(await pointsOf(registry, "late"), [{ step: 0, loss: 3 }]);
    const left = await Array.fromAsync(readLoggedRuns(registry));
    assertEquals(left.map(({ name, state, points }) => [name, state, points]), [
      ["left", "failed", 1],
    ]);
  });
}

pythonTest(
  "a function of atexit finishes a run that was opened after it was registered",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    const args = [service.location, service.token!];
    assertEquals(await runProgram(EARLY, { args, cwd: root.path }), ["early@1.0.0"]);
  },
);

const HALF_WRITTEN = `
import os, subprocess, sys, tempfile, threading
import holdfast

registry, began = holdfast.connect(sys.argv[1], token=sys.argv[2]), threading.Event()

@holdfast.serializer(threading.Event, "event")
class Files:
    def save(self, value, folder):
        (folder / "a").write_text("a")
        began.set()
        if sys.argv[3] == "kill":
            os.kill(os.getpid(), 9)
        if sys.argv[3] == "beside":
            subprocess.run([*sys.orig_argv[:-1], "alone"])
        if sys.argv[3] == "daemon":
            threading.Event().wait()
        if sys.argv[3] != "alone":
            print([*folder.iterdir()] == [folder / "a"], len(os.listdir(tempfile.gettempdir())))

thread = threading.Thread(target=registry.save, args=("event", began), daemon=True)
thread.start()
if sys.argv[3] == "daemon":
    began.wait()
else:
    thread.join()
`;

pythonTest("files of a save that ends with its program are removed, also later", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const left: number[] = [];
  for (const how of ["daemon", "kill", "kill", "beside"]) {
    const args = [service.location, service.token!, how];
    const run = runProgram(HALF_WRITTEN, { args, env: { TMPDIR: root.path } });
    if (how === "beside") assertEquals(await run, ["True 1"]);
    else await run.catch((error) => assertEquals([how, error.signal], ["kill", "SIGKILL"]));
    left.push((await Array.fromAsync(Deno.readDir(root.path))).length);
  }
  assertEquals(left, [0, 1, 1, 0]);
});

const FULL = `
import sys, tempfile
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])

@holdfast.serializer(type(registry), "registry")
class Files:
    def save(self, value, folder):
        raise OSError(28, "No space left on device")

try:
    registry.save("a", registry)
except holdfast.Unavailable as error:
    print(tempfile.gettempdir() in error.message, "a" in registry)
`;

pythonTest("a full disk is reported with the temporary folder", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(FULL, { args, cwd: root.path }), ["True False"]);
});
