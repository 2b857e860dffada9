// System metrics and the console of runs of Python programs.
import { assert, assertEquals } from "@std/assert";
import { finishRun, readLoggedRuns } from "../../../extensions/runs/mod.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const CONNECT = `
import logging, os, signal, sys, types, warnings
import holdfast
from holdfast.runs import system

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
`;

async function textOf(registry: Registry, ref: string, path: string): Promise<string> {
  return new TextDecoder().decode(await (await registry.open(ref)).file(path).bytes());
}

async function samplesOf(registry: Registry, ref: string): Promise<Record<string, number>[]> {
  const text = await textOf(registry, ref, "wandb-events.jsonl");
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

const NAMES = [
  "system.cpu",
  "system.disk./.usageGB",
  "system.disk./.usagePercent",
  "system.memory_percent",
  "system.proc.cpu.threads",
  "system.proc.memory.availableMB",
  "system.proc.memory.percent",
  "system.proc.memory.rssMB",
];

const FINISHED = `${CONNECT}
handler = logging.StreamHandler(sys.stdout)
logging.getLogger("own").addHandler(handler)
write = sys.stdout.write
first = registry.run("m", id="first", system=True)
second = registry.run("m", id="second", system=True)
quiet = registry.run("m", id="quiet")
print("both")
print("2026-12-01T10:00:00 of the program")
logging.getLogger("own").error("logged")
for part in range(3):
    print("\\rpart", part, end="")
print()
sys.stdout.flush()
warnings.simplefilter("ignore")  # of forks beside threads
child = os.fork()
if child == 0:
    print("in a child", flush=True)
    sys.exit()
os.waitpid(child, 0)
os.mkdir("model")
open("model/output.log", "w").write("of the model")
for run in (first, second, quiet):
    run.log(loss=1)
first.finish(__import__("pathlib").Path("model"))
print("only the second, without an end of line", end="")
second.finish("text", text=True)
quiet.finish()
print()
print("none", sys.stdout.write == write, system.COPIED)
opened = registry.open("m@2")
print([file.path for file in opened.files], opened.load())
`;

pythonTest("a run of Python has what the program prints, and system metrics", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const options = { args: [service.location, service.token!], cwd: root.path };
  const lines = await runProgram(FINISHED, options);
  assertEquals(lines.slice(-2), [
    "none True {}",
    "['history.jsonl', 'output.log', 'text.txt', 'wandb-events.jsonl'] text",
  ]);
  const both = "both\n2026-12-01T10:00:00 of the program\nlogged\npart 2\n";
  assertEquals(await textOf(registry, "m@1", "output-2.log"), both);
  assertEquals(await textOf(registry, "m@1", "output.log"), "of the model");
  const only = "only the second, without an end of line\n";
  assertEquals(await textOf(registry, "m@2", "output.log"), both + only);
  assertEquals(await registry.load("m@2"), "text");
  assertEquals((await registry.info("m@3")).files.map(({ path }) => path), ["history.jsonl"]);
  for (const ref of ["m@1", "m@2"]) {
    const samples = await samplesOf(registry, ref);
    assert(samples.length >= 2); // the first and the last
    for (const { _runtime, _timestamp, _wandb, ...values } of samples) {
      assertEquals(Object.keys(values).sort(), NAMES);
      assert(Object.values(values).every((value) => value >= 0));
      assert(values["system.proc.memory.rssMB"]! > 1 && values["system.memory_percent"]! <= 100);
    }
  }
});

const ENDED = `${CONNECT}
how = sys.argv[3]
with registry.run("m", id="1", system=True) as run:
    print(how, file=sys.stderr)
    run.log(loss=1)
    if how == "killed":
        run.flush()
        os.kill(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGINT)
`;

pythonTest("a run keeps the console of programs that were killed and stopped", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  for (const how of ["killed", "stopped"]) {
    const args = [service.location, service.token!, how];
    const failed = await runProgram(ENDED, { args, cwd: root.path }).catch(String);
    assertEquals(String(failed).includes("KeyboardInterrupt"), how === "stopped");
  }
  const [run] = await Array.fromAsync(readLoggedRuns(registry, { name: "m" }));
  assertEquals([run?.state, run?.reason], ["failed", "KeyboardInterrupt: "]);
  await finishRun(registry, "m", { id: "1" });
  assertEquals(await textOf(registry, "m", "output.log"), "killed\nstopped\n");
  assert((await samplesOf(registry, "m")).length >= 3);
});

const AWAY = `${CONNECT}
system.MOST_CHARACTERS = 10_000
send = registry._connection.json
def away(*call, **named):
    raise holdfast.HoldfastError("Unavailable", "Cannot write: no answer", "Try again.")

run = registry.run("m", id="1", system=True)
registry._connection.json = away
print("waits")
for at in range(1000):
    print("too much", at)
for at in range(100):
    run._recorder._sample()
print(sum(map(len, run._recorder._lines["wandb-events.jsonl"])) < 2 * system.MOST_CHARACTERS)
print(len(run._recorder._texts) + len(run._recorder._lines["output.log"]) < 200)
try:
    run.finish("text", text=True)
except holdfast.HoldfastError as error:
    print(error.code)
registry._connection.json = send
run.finish("text", text=True)
`;

pythonTest("the console waits for a service that is away, up to a limit", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  const lines = await runProgram(AWAY, { args, cwd: root.path });
  assertEquals(lines.slice(-3), ["True", "True", "Unavailable"]);
  const kept = (await textOf(registry, "m", "output.log")).trim().split("\n");
  assertEquals(kept.slice(0, 3), ["waits", "too much 0", "too much 1"]);
});

const MACHINES = `${CONNECT}
system.PROC = False
sys.modules["psutil"] = None
try:
    registry.run("m", id="1", system=True)
except holdfast.HoldfastError as error:
    print(error.code, "pip install psutil" in error.hint)
print(len(list(registry.runs())))

class Process:
    def memory_info(self): return types.SimpleNamespace(rss=2**20)
    def num_threads(self): return 3
machine = types.SimpleNamespace(total=2**30, available=2**29)
sys.modules["psutil"] = types.SimpleNamespace(Process=Process, virtual_memory=lambda: machine)

def missing(gpu): raise RuntimeError("not supported")
sys.modules["pynvml"] = types.SimpleNamespace(
    nvmlInit=lambda: None, nvmlDeviceGetCount=lambda: 1, nvmlDeviceGetHandleByIndex=lambda at: at,
    nvmlDeviceGetUtilizationRates=lambda gpu: types.SimpleNamespace(gpu=50),
    nvmlDeviceGetMemoryInfo=lambda gpu: types.SimpleNamespace(used=1, total=4),
    nvmlDeviceGetTemperature=lambda gpu, sensor: 60, nvmlDeviceGetPowerUsage=missing)
sys.modules["pynvml"].nvmlDeviceGetCount = lambda: 2
sys.modules["pynvml"].nvmlDeviceGetTemperature = lambda gpu, sensor: 60 if gpu == 0 else b"60"
with registry.run("m", id="1", system=True) as run:
    run.log(loss=1)
    run.finish()
`;

pythonTest("system metrics are those of psutil and of GPUs, where there are any", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  const lines = await runProgram(MACHINES, { args, cwd: root.path });
  assertEquals(lines, ["Unsupported True", "0"]);
  const [sample] = await samplesOf(registry, "m");
  const known = ["memory_percent", "proc.memory.rssMB", "proc.cpu.threads", "gpu.0.gpu"];
  const gpu = ["gpu.0.memoryAllocated", "gpu.0.temp", "gpu.0.powerWatts"];
  assertEquals(
    [...known, ...gpu].map((name) => sample![`system.${name}`]),
    [50, 1, 3, 50, 25, 60, undefined],
  );
});

const OTHERS = `${CONNECT}
import io, threading
seen, ours = [], sys.stdout.write
def first(text):
    seen.append(text)
    return ours(text)
sys.stdout.write = first  # of another program that records
run = registry.run("m", id="1", system=True)
print("one")
second, copies = [], sys.stdout.write
def theirs(text):
    second.append(text)
    return copies(text)
sys.stdout.write = theirs
run.log(loss=1)
run.finish()
run = registry.run("m", id="2", system=True)
print("two")
run.log(loss=1)
run.finish()
print("three")
print("both", sys.stdout.write == theirs, "".join(second) == "two\\nthree\\n", "".join(seen) == "one\\ntwo\\nthree\\n")
sys.stdout.write = first
run = registry.run("m", id="3", system=True)
run.log(loss=1)
run.finish()
print("restored", sys.stdout.write == first)

class Odd:
    __slots__ = ()
    def write(self, text): return 1
class Refusing(Odd):
    def __setattr__(self, name, value): raise RuntimeError(name)
kept = sys.stdout
for stream in (None, Odd(), Refusing(), io.BytesIO()):
    sys.stdout = stream
    with registry.run("m", system=True) as run:
        if isinstance(stream, io.BytesIO): stream.write(b"bytes")
        run.log(loss=1)
        run.finish()
sys.stdout = kept
class Bytes(io.StringIO):
    def write(self, text): return 1
sys.stderr = Bytes()
with registry.run("m", system=True) as run:
    sys.stderr.write(b"bytes")
    run.log(loss=1)
    run.finish()
sys.stderr = sys.__stderr__
print("recorded")
`;

pythonTest("other programs that record the console go on, as do unusual streams", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  const lines = await runProgram(OTHERS, { args, cwd: root.path });
  const said = ["both True True True", "restored True", "recorded"];
  assertEquals(lines.filter((line) => /^(both|restored|recorded)/.test(line)), said);
  assertEquals(await textOf(registry, "m@1", "output.log"), "one\n");
  assertEquals(await textOf(registry, "m@2", "output.log"), "two\n");
});

const LARGE = `${CONNECT}
import threading
system.MOST_CHARACTERS, system.MOST_PART = 100_000, 10_000
def blocked(record):
    thread = threading.Thread(target=print, args=("beside the warning",), daemon=True)
    thread.start()
    thread.join(10)
    print("> blocked", thread.is_alive())
handler = logging.Handler()
handler.emit = blocked
logging.getLogger("holdfast").addHandler(handler)
sizes, add = [], registry._connection.json
def sent(method, path, body=None, *more, **named):
    sizes.append(len(str(body)))
    return add(method, path, body, *more, **named)
run = registry.run("m", id="1", system=True)
run.flush()
registry._connection.json = sent
print("\\n" * 1_000_000 + "x" * 1_000_000)
run.log(loss=1)
run.finish()
print("> parts", max(sizes) < 200_000)
run = registry.run("m", id="2", system=True)
for at in range(200):
    print(chr(0x1F600) * 100)
run.log(loss=1)
run.finish()
`;

pythonTest(
  "a large text is cut and sent in parts, and a warning waits for no print",
  async (root) => {
    await using registry = await openRegistry("memory:");
    await using service = served(registry, ["read:*", "write:*"]);
    const args = [service.location, service.token!];
    const lines = await runProgram(LARGE, { args, cwd: root.path });
    const said = lines.filter((line) => line.startsWith("> "));
    assertEquals(said, ["> blocked False", "> parts True"]);
    const cut = (await textOf(registry, "m@1", "output.log")).trim();
    assert(cut.startsWith("… left out") && cut.length < 1000, cut.slice(0, 200));
    const faces = (await textOf(registry, "m@2", "output.log")).trim().split("\n");
    assertEquals(faces, Array(200).fill("\u{1F600}".repeat(100)));
  },
);

const SIGNALLED = `${CONNECT}
run = registry.run("m", id="1", system=True)
send = registry._connection.json
def interrupted(*call, **named):
    registry._connection.json = send
    signal.raise_signal(signal.SIGTERM)
    return send(*call, **named)
ends = False
def handler(number, frame):
    print("in the handler")
    run.log(step=2, loss=2)
    run.flush()
    if ends:
        run.finish()
        sys.exit()
signal.signal(signal.SIGTERM, handler)
for step in range(2):
    run.log(step=step, loss=step)
print("said")
registry._connection.json = interrupted
run.flush()
print("said then")
run.log(step=3, loss=3)
run.flush()
ends = True
run.log(step=4, loss=4)
registry._connection.json = interrupted
run.flush()
`;

pythonTest("a handler of a signal can log to and finish a run that is being sent", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  await runProgram(SIGNALLED, { args, cwd: root.path });
  const points = (await textOf(registry, "m", "history.jsonl")).trim().split("\n");
  assertEquals(points.map((point) => JSON.parse(point).loss), [0, 1, 2, 3, 4, 2]);
  const said = (await textOf(registry, "m", "output.log")).trim().split("\n").sort();
  assertEquals(said, ["in the handler", "in the handler", "said", "said then"]);
});
