// Values, files and folders that Python programs save through a service, loaded by the product.
import { assert, assertEquals } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { realSystem } from "../../core/system.ts";
import { addFormats } from "../../materializers/formats.ts";
import { localPath, openRegistry } from "../../mod.ts";
import { LOADS_LATE, REPOSITORY } from "../support/run_deno.ts";
import { seededRandom } from "../support/scripted_system.ts";
import { ENVIRONMENT, python, pythonTest, runProgram, served } from "./reader.ts";
import { serve } from "./saving/serve.ts";

const VALUES = `
import datetime, json, sys
import holdfast, numpy, pandas, polars, pyarrow

registry = holdfast.connect(sys.argv[1])
moment = datetime.datetime(2025, 2, 19, 12, tzinfo=datetime.timezone.utc)
odd = {"nan": float("nan"), "zero": -0.0, "large": 2**70, "at": moment, "set": {7}, "map": {1: b"x"},
    "array": numpy.arange(3, dtype="int16"), "$holdfast": "mine", "list": (1, None, True)}
registry.save("plain", {"a": [1, 2.5, "x"]}, metadata={"by": "python"}, alias="production")
registry.save("odd", odd)
registry.save("text", "naïve")
registry.save("bytes", b"\\x00\\xff")
registry.save("array", numpy.ones((2, 3), dtype="float32"))
for name, table in {
    "pandas": pandas.DataFrame({"a": [1, 2]}),
    "polars": polars.DataFrame({"a": [1, 2]}),
    "pyarrow": pyarrow.table({"a": [1, 2]}),
}.items():
    registry.save(name, table, inputs=["plain@1.0.0", registry.open("text")])
    assert registry.load(name).to_pydict() == {"a": [1, 2]}
found = registry.load("odd")
assert {**found, "nan": 0, "array": 0} == {**odd, "nan": 0, "array": 0, "list": [1, None, True]}
assert found["array"].tolist() == [0, 1, 2]
for value in (object(), numpy.array([object()]), lambda: None, {"a": [0, object()]}):
    try:
        registry.save("odd", value)
        raise AssertionError
    except holdfast.Unsupported as error:
        print(str(error).splitlines()[0])
`;

pythonTest("the product loads what Python saves", async () => {
  await using registry = await openRegistry("memory:");
  addFormats(registry.materializers);
  await using service = serve(registry);
  assertEquals(await runProgram(VALUES, { args: [service.url] }), [
    "Cannot save a value of the type builtins.object: JSON has no such values",
    "Cannot save a value of the type numpy.ndarray: its elements are objects",
    "Cannot save a value of the type builtins.function: JSON has no such values",
    'Cannot save a value of the type builtins.object: JSON has no such values, at "a.1"',
  ]);
  assertEquals(await registry.load("plain@production"), { a: [1, 2.5, "x"] });
  assertEquals((await registry.info("plain")).metadata, { by: "python" });
  assertEquals(await registry.load("odd"), {
    nan: NaN,
    zero: -0,
    large: 2n ** 70n,
    at: new Date("2025-02-19T12:00:00Z"),
    set: new Set([7]),
    map: new Map([[1, Uint8Array.of(120)]]),
    array: { data: Int16Array.of(0, 1, 2), shape: [3], dtype: "int16" },
    $holdfast: "mine",
    list: [1, null, true],
  });
  assertEquals(await registry.load("text"), "naïve");
  assertEquals(await registry.load("bytes"), Uint8Array.of(0, 255));
  assertEquals((await registry.load("array") as { shape: number[] }).shape, [2, 3]);
  const { digest } = await registry.info("text");
  for (const name of ["pandas", "polars", "pyarrow"]) {
    const { inputs } = await registry.info(name);
    assertEquals(inputs, ["plain@1.0.0", { ref: "text@1.0.0", digest }]);
  }
});

const ODD = `
import datetime, json, sys
import holdfast

registry = holdfast.connect(sys.argv[1])
exact = [2**53, 10**18, 2**70, 0.1, 1e300, True, None, {"a": (1, "x")}]
registry.save("a", 1, metadata={"exact": exact})
registry.annotate("a", labels={"exact": exact})
assert registry.open("a").metadata["exact"] == json.loads(json.dumps(exact))
for odd in (2**53 + 1, 1234567890123456789, 2**63, "NaN", -0.0, {1: 2}, b"", datetime.date.min):
    for call in (
        lambda: registry.save("b", 1, metadata={"odd": [odd]}),
        lambda: registry.publish("b", {"a": "a"}, metadata={"odd": [odd]}),
        lambda: registry.annotate("a", labels={"odd": [odd]}),
    ):
        try:
            call()
            raise AssertionError(odd)
        except holdfast.HoldfastError as error:
            assert error.code == "Invalid" and "[0]" in str(error), error
print(registry.annotations("a")["labels"].keys())
`;

pythonTest("Python sends only what every reader gets unchanged", async () => {
  await using registry = await openRegistry("memory:");
  await using service = serve(registry);
  assertEquals(await runProgram(ODD, { args: [service.url] }), ["dict_keys(['exact'])"]);
  assertEquals(await Array.fromAsync(registry.names()), ["a"]);
});

const FOLDER = `
import os, pathlib, sys
import holdfast

registry, folder = holdfast.connect(sys.argv[1]), pathlib.Path("folder")
(folder / "sub/empty").mkdir(parents=True)
(folder / "run.sh").write_text("echo hi")
(folder / "run.sh").chmod(0o755)
(folder / "sub/link").symlink_to("../run.sh")
(folder / "large.bin").write_bytes(os.urandom(20_000_000))
for i in range(30):
    (folder / f"sub/{i}.bin").write_bytes(os.urandom(20_000 * i))
saved = registry.save("folder", folder)
assert registry.download(saved.ref, "copy") == []
for path in folder.rglob("*"):
    other = "copy" / path.relative_to(folder)
    assert path.is_symlink() == other.is_symlink() and path.is_dir() == other.is_dir(), path
    assert path.is_dir() or path.read_bytes() == other.read_bytes(), path
assert os.access("copy/run.sh", os.X_OK) and not os.access("copy/sub/3.bin", os.X_OK)
print(registry.save("folder", folder, skip_if_unchanged=True).skipped)
print(registry.save("one", folder / "large.bin").size, registry.open("one").files[0].path)
`;

pythonTest("Python saves folders and files of any size", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = serve(registry);
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(FOLDER, { args: [service.url], cwd: root.path, env });
  assertEquals(lines, ["True", "20000000 large.bin"]);
  const own = await registry.save("own", localPath(root.join("folder")));
  assertEquals((await registry.info("folder")).digest, own.digest, "as the product saves it");
});

const CHANGES = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
first = registry.save("a", {"i": 1}, idempotency_key="one", alias=["latest-good", "b"])
print(first.ref, registry.save("a", {"i": 2}, idempotency_key="one").skipped)
registry.save("a", {"i": 2})
registry.set_alias("a", "b", "2.0.0", expected="1.0.0")
print(registry.aliases("a"), registry.delete_alias("a", "b"), registry.delete_alias("a", "b"))
def attempt(kind, action):
    try:
        action()
        print("it works")
    except kind as error:
        assert error.code == kind.__name__ and error.hint, error
        print(str(error).splitlines()[0])
attempt(holdfast.Conflict, lambda: registry.set_alias("a", "b", "1.0.0", expected="2.0.0"))
attempt(holdfast.AlreadyExists, lambda: registry.save("a", 1, version="1.0.0"))
attempt(holdfast.NotFound, lambda: registry.load("a@7"))
attempt(holdfast.Invalid, lambda: registry.save("a@1", 1))
attempt(holdfast.Invalid, lambda: registry.save("a", 1, metadata={"x": object()}))
attempt(holdfast.Invalid, lambda: registry.delete("a"))
attempt(holdfast.Denied, lambda: holdfast.connect(sys.argv[1], token="no").save("a", 1))
attempt(holdfast.NotFound, lambda: registry.save("a", __import__("pathlib").Path("none")))
print(registry.delete("a@2.0.0"), registry.delete("a@2.0.0"), list(registry.versions("a")))
print(registry.delete("a", all_versions=True, force=True), "a" in registry)
`;

pythonTest("Python moves aliases, deletes, and meets errors with their codes", async (root) => {
  await using registry = await openRegistry(root.join("registry"), { cache: false });
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  const lines = await runProgram(CHANGES, { args });
  assertEquals(lines.slice(0, 2), [
    "a@1.0.0 True",
    "{'b': '2.0.0', 'latest-good': '1.0.0'} True False",
  ]);
  const errors = lines.slice(2, 10);
  assertEquals(errors.filter((line) => line.startsWith("Cannot ")), errors);
  assertEquals(lines.slice(10), ["True False ['1.0.0']", "True False"]);
});

const SAVES = Number(realSystem.env("HOLDFAST_PYTHON_SAVES") ?? 40);

const SAVER = `
import sys
import holdfast

url, worker, first, count = sys.argv[1], *map(int, sys.argv[2:])
registry = holdfast.connect(url, timeout=120)
for i in range(first, count):
    saved = registry.save("all", {"worker": worker, "i": i}, idempotency_key=f"{worker}-{i}")
    print(i, saved.version, flush=True)
`;

/** A service as a process, which is killed and started again on its port. */
async function startService(location: string, port: number): Promise<[ChildProcess, string]> {
  const args = ["run", "-A", LOADS_LATE, join(REPOSITORY, "apps/cli.ts"), "serve"];
  const more = ["-r", location, "--port", String(port), "--json"];
  const child = spawn(Deno.execPath(), [...args, ...more], { stdio: ["ignore", "pipe", "ignore"] });
  for await (const line of createInterface({ input: child.stdout! })) {
    return [child, JSON.parse(line).url];
  }
  throw new Error("The service ended at once");
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

pythonTest(
  "of saves by processes that are killed, none is lost and none is there twice",
  async (root) => {
    const location = root.join("registry");
    await (await openRegistry(location))[Symbol.asyncDispose]();
    let [service, url] = await startService(location, 0);
    const random = seededRandom(45);
    const acknowledged = new Map<string, string>();
    const killService = new Set([1, 2].map((part) => Math.floor(part * SAVES * 4 / 3)));
    let restarting = Promise.resolve();

    async function runWorker(worker: number): Promise<void> {
      for (let next = 0; next < SAVES;) {
        const args = [url, worker, Math.max(0, next - 1), SAVES].map(String);
        const child = spawn(python!, ["-c", SAVER, ...args], {
          env: ENVIRONMENT,
          stdio: ["ignore", "pipe", "inherit"],
        });
        let life = 1 + Math.floor(random() * SAVES / 2);
        const ended = once(child, "exit");
        for await (const line of createInterface({ input: child.stdout! })) {
          const [i, version] = line.split(" ");
          const key = `${worker}-${i}`;
          assertEquals(acknowledged.get(key) ?? version, version, "a repeat is the first save");
          acknowledged.set(key, version!);
          next = Number(i) + 1;
          if (killService.delete(acknowledged.size)) {
            restarting = restarting.then(async () => {
              await kill(service);
              [service] = await startService(location, Number(new URL(url).port));
            });
          }
          if (--life === 0) child.kill("SIGKILL");
        }
        await ended;
      }
    }
    await Promise.all([0, 1, 2, 3].map(runWorker));
    await restarting;
    assertEquals(killService.size, 0);
    await kill(service);

    await using registry = await openRegistry(location);
    const keys: string[] = [];
    for await (const { info } of registry.versions("all", { details: true })) {
      const key = info!.idempotencyKey!;
      keys.push(key);
      assertEquals(acknowledged.get(key), info!.version);
    }
    assertEquals(keys.length, 4 * SAVES);
    assertEquals(new Set(keys).size, 4 * SAVES);
    assert(acknowledged.size === 4 * SAVES);
  },
);
