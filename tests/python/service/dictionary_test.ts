// A registry as a dictionary of Python, and batches.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
registry["a"] = {"depth": 12}
registry["a"] = {"depth": 13}
registry["b"] = 1
print(registry["a"], registry["a@1"], "a" in registry, "c" in registry, len(registry))
print(sorted(registry.keys()), registry.info("a").version, registry.info("a", "1.0.0").version)
print(registry.load("a", version="1.0.0"))
del registry["a@2.0.0"]
print(registry["a"])
print(registry.delete("a", version="1.0.0"), "a" in registry)
registry["a"] = 1
del registry["a"]
print(list(registry), bool(registry))
for call in (
    lambda: registry["a"],
    lambda: registry.__delitem__("a"),
    lambda: registry.load("b@1", version="1"),
    lambda: registry.delete("b@1", version="1"),
    lambda: registry.delete("b", version="1", all_versions=True),
    lambda: registry.save_many(["x"], []),
    lambda: registry.load_many(["x"], version=["1", "2"]),
):
    try:
        call()
    except holdfast.HoldfastError as error:
        print(type(error).__name__, error.message)
saved = registry.save_many(["x", "b", "y"], [1, 2, object()], version=["1.0", "1.0", None])
print(saved.succeeded, saved.failed, saved.results[0].ref, {k: e.code for k, e in saved.errors.items()})
loaded = registry.load_many(["x", "none", "b"], version="1.0.0")
print(loaded.results, loaded.failed, loaded)
try:
    loaded.raise_first()
except holdfast.NotFound:
    print("raised")
for method in ("values", "items", "get", "pop", "setdefault", "clear"):
    try:
        getattr(registry, method)
    except AttributeError as error:
        print(str(error).partition(". ")[2])
`;

pythonTest("a registry is a dictionary of Python, and takes batches", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["admin"]);
  assertEquals(await runProgram(PROGRAM, { args: [service.location, service.token!] }), [
    "{'depth': 13} {'depth': 12} True False 2",
    "['a', 'b'] 2.0.0 1.0.0",
    "{'depth': 12}",
    "{'depth': 12}",
    "True False",
    "['b'] True",
    'NotFound Cannot find "a": no such name',
    'NotFound Cannot delete "a": no such version',
    'Invalid Cannot use "b@1": the ref has a version, and `version` is also given',
    'Invalid Cannot use "b@1": the ref has a version, and `version` is also given',
    'Invalid Cannot delete "b": give one version, or a name and all_versions',
    "Invalid Cannot save 1 names: got 0 values",
    "Invalid Cannot load 1 names: got 2 versions",
    "[0] [1, 2] x@1.0.0 {1: 'AlreadyExists', 2: 'Unsupported'}",
    "[1, None, 1] [1] <BatchResult 2 succeeded, 1 failed>",
    "raised",
    "Write {name: registry[name] for name in registry}.",
    "Write {name: registry[name] for name in registry}.",
    'Write registry["NAME"] if "NAME" in registry.',
    'Write del registry["NAME"], for each name.',
    'Write registry["NAME"] = value if "NAME" is not in registry.',
    'Write del registry["NAME"], for each name.',
  ]);
});

const BATCH = `
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import holdfast
from holdfast.artifacts import batch

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
for call in (lambda: registry.load_many("ab"), lambda: registry.save_many("ab", [1, 2])):
    try:
        print(call())
    except holdfast.HoldfastError as error:
        print(error.message)

done = batch.run_many([lambda: 1 / 0, lambda: 2])
print(done.results, done.failed, type(done.errors[0]).__name__)

gate, started = threading.Event(), []

class Pool(ThreadPoolExecutor):
    def shutdown(self, wait=True, *, cancel_futures=False):
        super().shutdown(wait=False, cancel_futures=cancel_futures)
        gate.set()
        super().shutdown(wait=wait)

def interrupted():
    raise KeyboardInterrupt

def waiting():
    started.append(1)
    gate.wait()

batch.ThreadPoolExecutor = Pool
try:
    batch.run_many([interrupted, *[waiting] * 100])
except KeyboardInterrupt:
    print("interrupted", len(started) <= batch.AT_ONCE)
`;

pythonTest("a batch refuses a string, keeps all results and ends by an interrupt", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["admin"]);
  assertEquals(await runProgram(BATCH, { args: [service.location, service.token!] }), [
    "Cannot call load_many: `refs` has the type str",
    "Cannot call save_many: `names` has the type str",
    "[None, 2] [0] ZeroDivisionError",
    "interrupted True",
  ]);
});
