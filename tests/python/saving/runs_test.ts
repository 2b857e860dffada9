// Runs of Python programs.
import { assert, assertEquals } from "@std/assert";
import { realSystem } from "../../../core/system.ts";
import { openRegistry } from "../../../mod.ts";
import { readLoggedRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { parsePoints, pointsOf } from "../../extensions/runs/run_cases.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

/** Begins a program. Its points are stored when it says so: not after a second of a busy machine. */
const CONNECT = `
import importlib, json, math, os, pathlib, signal, sys, time
import holdfast

sending = importlib.import_module("holdfast.runs.run")
sending.LEAST_WAIT = sending.MOST_WAIT = 3600.0

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
`;

const FINISHED = `${CONNECT}
with registry.run("digits:model", params={"rate": 0.1}, id="7") as run:
    run.log(step=1, loss=0.5, test={"accuracy": 0.8})
    run.log({"loss/train": math.nan, "up": math.inf}, loss=0.25)
    run.flush()
    os.mkdir("model")
    open("model/w.bin", "w").write("weights")
    saved = run.finish(pathlib.Path("model"), metadata={"metrics": {"best": 0.25}}, alias="new")
    assert run.finish() == saved
print(saved.ref, saved.skipped)
try:
    run.log(loss=1)
except holdfast.Invalid as error:
    print(error.message)
try:
    registry.run("digits:model", id="7")
except holdfast.Conflict as error:
    print(error.code)
again = registry.run("text", id="1")
again.log(loss=1)
again.finish("hello", text=True)
array = registry.run("array", id="1")
array.log(loss=1)
array.finish({"a": [1, 2]})
opened = registry.open("text")
print([file.path for file in opened.files], opened.file().path, opened.load())
from holdfast.own_commands import main
os.environ["HOLDFAST_TOKEN"] = sys.argv[2]
main(["-r", sys.argv[1], "load", "text"])
print()
`;

pythonTest("a run of Python is a version, also for a token that may only save", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["save:*", "move:*", "read:text"]);
  const options = { args: [service.location, service.token!], cwd: root.path };
  assertEquals(await runProgram(FINISHED, options), [
    "digits:model@1.0.0 False",
    'Cannot log to run "7" of "digits:model": it has ended',
    "Conflict",
    "['history.jsonl', 'text.txt'] text.txt hello",
    "hello",
  ]);
  const { metadata, files } = await registry.info("digits:model@new");
  assertEquals(files.map(({ path }) => path), ["history.jsonl", "w.bin"]);
  assertEquals(metadata.params, { rate: 0.1 });
  assertEquals<unknown>(metadata.metrics, {
    loss: 0.25,
    test: { accuracy: 0.8 },
    "loss/train": "NaN",
    up: "Infinity",
    "loss.min": 0.25,
    best: 0.25,
  });
  assertEquals(await pointsOf(registry, "digits:model"), [
    { step: 1, loss: 0.5, test: { accuracy: 0.8 } },
    { "loss/train": "NaN", up: "Infinity", loss: 0.25, step: 2 },
  ]);
  assertEquals(await registry.load("text"), "hello");
  assertEquals(await registry.load("array"), { a: [1, 2] });
});

const EXACT = `${CONNECT}
import enum
import numpy as np
Word = enum.Enum("Word", {"A": "a"}, type=str)
run = registry.run("m", id="1")
run.log(a=np.float32(0.5), b=np.int64(3), c=np.bool_(True), d=2**53, e=-0.0, f=None,
        g=np.str_("x"), h=True, i=5e-324)
for value in ([1], 2**53 + 1, 10**400, {1: 2}, np.zeros(2), object(), "\\ud800", "x" * 1001,
              np.str_("x" * 1001), Word.A, 1j):
    try:
        run.log(loss=value)
        raise AssertionError(value)
    except holdfast.Invalid as error:
        assert "loss" in error.message or "str" in error.message, error.message
        assert error.hint
run.flush()
for step in range(20_000):
    run.log(step=step, loss=0.5, accuracy=0.25)
print(len(run._lines) > 0)
run.finish()
`;

pythonTest("values of Python are logged exactly, or refused", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const options = { args: [service.location, service.token!], cwd: root.path };
  assertEquals(await runProgram(EXACT, options), ["True"]);
  const [first, ...points] = await pointsOf(registry, "m") as Record<string, unknown>[];
  assertEquals(first, {
    step: 0,
    ...{ a: 0.5, b: 3, c: true, d: 2 ** 53, e: -0, f: null, g: "x", h: true, i: 5e-324 },
  });
  assertEquals([points.length, points.at(-1)!.step], [20_000, 19_999]);
});

const ENDS = `${CONNECT}
how = sys.argv[3]
if how == "error":
    try:
        with registry.run("m", id=how) as run:
            run.log(loss=1)
            raise ValueError("the loss is NaN")
    except ValueError:
        pass
elif how == "block":
    with registry.run("m", id=how) as run:
        run.log(loss=1)
else:
    run = registry.run("m", id=how)
    run.log(step=7, loss=1)
if how == "killed":
    run.flush()
    run.log(loss=2)
    os.kill(os.getpid(), signal.SIGKILL)
`;

pythonTest(
  "a run without finish is failed and says why, and a killed one goes on",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    for (const how of ["error", "block", "exit", "killed"]) {
      const args = [service.location, service.token!, how];
      await runProgram(ENDS, { args, cwd: root.path }).catch((error) => {
        if (how !== "killed") throw error;
      });
    }
    const runs = await Array.fromAsync(readLoggedRuns(registry, { name: "m" }));
    assertEquals(runs.map(({ id, state, reason, points }) => [id, state, reason, points]), [
      ["block", "failed", "its block ended without finish()", 1],
      ["error", "failed", "ValueError: the loss is NaN", 1],
      ["exit", "failed", "the program ended without finish()", 1],
      ["killed", "running", undefined, 1],
    ]);
    const program = `${CONNECT}
print(*[(each.id, each.state) for each in registry.runs("m")][-1])
run = registry.run("m", id="killed")
run.log(loss=3)
run.finish()
`;
    const args = [service.location, service.token!];
    assertEquals(await runProgram(program, { args, cwd: root.path }), ["killed running"]);
    assertEquals(await pointsOf(registry, "m"), [{ step: 7, loss: 1 }, { step: 8, loss: 3 }]);
  },
);

const LOST = `${CONNECT}
import logging

class Lines(logging.Handler):
    def emit(self, record):
        if "Points" in record.getMessage():
            print(record.getMessage(), flush=True)

logging.getLogger("holdfast").addHandler(Lines())

def away(*call, **named):
    raise holdfast.HoldfastError("Unavailable", "Cannot write: no answer", "Try again.")

with registry.run("m", id="1") as run:
    run.log(loss=1)
    run.flush()
    run._connection.json = away
    run.log(loss=2)
    run.log(loss=3)
`;

pythonTest(
  "a run that is left while the store is away says how many points are lost",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    const args = [service.location, service.token!];
    assertEquals(await runProgram(LOST, { args, cwd: root.path }), [
      "Cannot write: no answer. Points that are not stored: 2",
    ]);
  },
);

const BLOCKS = `${CONNECT}
with registry as same:
    assert same is registry
    same.run("m", id="left").log(loss=1)
    with same.run("m", id="own") as run:
        run.log(loss=2)
        run.finish()
other = holdfast.connect(sys.argv[1], token=sys.argv[2])
kept = other.run("m", id="kept")
try:
    with registry:
        registry.run("m", id="error")
        raise ValueError("no data")
except ValueError:
    pass
with holdfast.open_registry(sys.argv[1], token=sys.argv[2]) as opened:
    print(len(list(opened.versions("m"))), registry.save("after", 1).ref)
print([(each.id, each.state, each.reason) for each in registry.runs()])
kept.finish(1)
`;

pythonTest("a block of a registry ends the runs that it leaves, and no others", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(BLOCKS, { args, cwd: root.path }), [
    "1 after@1.0.0",
    "[('error', 'failed', 'ValueError: no data'), ('kept', 'running', None), " +
    "('left', 'failed', 'its block ended without finish()')]",
  ]);
});

const LIVE = `${CONNECT}
sending.LEAST_WAIT = 0.01
run = registry.run("m", id="1")
run.log(loss=1)
print("logged", flush=True)
while not os.path.exists("seen"):
    time.sleep(0.05)
run.finish()
`;

pythonTest("points of Python can be read while the program runs", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  const running = runProgram(LIVE, { args, cwd: root.path });
  let lines = "";
  while (lines === "") {
    lines = await readLoggedRun(registry, "m", { id: "1" }).then(({ lines }) => lines, () => "");
    await realSystem.sleep(50); // of the poll, not of the promise
  }
  assertEquals(parsePoints(lines), [{ step: 0, loss: 1 }]);
  await Deno.writeTextFile(root.join("seen"), "");
  assertEquals(await running, ["logged"]);
  assert(await registry.has("m@1.0.0"));
});

const LIFE = `${CONNECT}
import threading

def refused(call, part=1):
    try:
        call()
    except holdfast.HoldfastError as error:
        print(error.code, error.message.split(": ", 1)[part])

run = registry.run("m", id="1", params={"rate": 0.1}, tags={"host": "n1"})
run.update(params={"depth": None, "rate": 0.1}, tags={"late": True})
refused(lambda: run.update(params={"rate": 0.2}))
refused(lambda: run.update({"rate": math.nan}))
refused(lambda: registry.run("m", id="1", params={"rate": 0.3}))
run.update({"rate": 0.2}, {"host": None}, replace=True)
print([(each.params, each.tags) for each in registry.runs("m")])
for wrong in [{}, {"step": 1}, {"a": {"b": {}}}, {"step": "a", "loss": 1}, {"step": math.nan, "loss": 1}]:
    refused(lambda: run.log(wrong))
refused(lambda: registry.run("m", id=""), part=0)
refused(lambda: registry.draft("m", id="a@b"), part=0)
helper = registry.run("m", id="1")
helper.log(validation=1)
helper.close()
helper.close()
refused(lambda: helper.log(loss=1))
run.flush()
with registry.run("m", id="1") as failing:
    pass

logged = 1
run.log(loss=1)
send = run._connection.json
def logging(method, path, *rest, **named):
    global logged
    for _ in range(2):
        try:
            run.log(loss=2)
            logged += 1
        except holdfast.Invalid as error:
            pass
    return send(method, path, *rest, **named)
run._connection.json = logging
saved = run.finish({"weights": [1]})
run._connection.json = send
print(logged > 2, registry.open(saved.ref).metadata["run"]["points"] - logged)
`;

pythonTest("runs of Python take late parameters, and lose no point of a finish", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(LIFE, { args, cwd: root.path }), [
    'Conflict its parameter "rate" is 0.1, not 0.2',
    'Conflict its parameter "rate" is 0.1, not "NaN"',
    'Conflict its parameter "rate" is 0.1, not 0.3',
    "[({'rate': 0.2, 'depth': None}, {'late': True})]",
    "Invalid a point has no values",
    "Invalid a point has no values",
    "Invalid a point has no values",
    'Invalid "step" is "a", not a number',
    'Invalid "step" is NaN, not a number',
    'Invalid Cannot use the id ""',
    'Invalid Cannot use the id "a@b"',
    "Invalid it has ended",
    "True 1",
  ]);
  const { metadata } = await registry.info("m");
  assertEquals([metadata.params, metadata.tags], [{ rate: 0.2, depth: null }, { late: true }]);
  assertEquals((metadata.run as { failed?: string }).failed, undefined);
});

const FORKED = `${CONNECT}
run = registry.run("m", id="7")
run.log(loss=1)
child = os.fork()
if child == 0:
    for call in [lambda: run.log(loss=99), run.flush, run.finish, lambda: run.fail("no")]:
        try:
            call()
        except holdfast.Invalid as error:
            print(error.message, error.hint, flush=True)
    with registry.run("m", id="7") as own:
        own.log(step=5, loss=5)
        own.flush()
        with run:
            sys.exit()
os.waitpid(child, 0)
print([(each.state, each.points) for each in registry.runs("m")])
run.log(loss=2)
run.finish()
`;

pythonTest(
  "a forked child of Python changes no point of its parent, nor ends its run",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    const args = [service.location, service.token!];
    const lines = await runProgram(FORKED, { args, cwd: root.path });
    const state = 'run "7" of "m": it was opened before a fork';
    const open = 'Open it here: registry.run("m", id="7").';
    assertEquals(lines, [
      ...["log to", "flush", "finish", "fail"].map((action) => `Cannot ${action} ${state} ${open}`),
      "[('failed', 1)]",
    ]);
    assertEquals(await pointsOf(registry, "m"), [
      { step: 0, loss: 1 },
      { step: 1, loss: 2 },
      { step: 5, loss: 5 },
    ]);
  },
);
