// Every public function of the Python package with wrong arguments of every kind.
import { assertEquals } from "@std/assert";
import { serve } from "../../apps/server/listen/served.ts";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram } from "../reader.ts";

const PROGRAM = `
import datetime, inspect, os, pathlib, sys
import holdfast
from holdfast.filesystem import HoldfastFileSystem

url, place, folder = sys.argv[1:4]
os.environ["HOLDFAST_COMMAND"] = "false"  # the command of holdfast.service
os.environ["HOLDFAST_REGISTRY"] = place
service, store = holdfast.connect(url, timeout=5), holdfast.open_registry(place)
artifact = store.open("a")
now = datetime.datetime.now(datetime.timezone.utc)
VALID = {
    "name": "a", "ref": "a", "refs": ["a"], "names": ["b"], "values": [1], "value": 1, "alias": "used", "version": "1.0.0", "query": "a",
    "members": {"x": "a"}, "to": "to", "path": "data.json", "offset": 0, "size": 1, "url": url,
    "reason": "none",
}
ODD = [object(), 1j, ..., range(3), int, len]  # no parameter has these types
WRONG = [
    *ODD, 3, -1, 0, 10**30, 1.5, float("nan"), float("inf"), True, None, [], [1], ["x", 2], [[]], (),
    {}, {"x": 1}, {1: "x", "y": "z"}, {"x"}, "", " ", "x", "a b/..", "\\0", "\\ud800", "https://[",
    "^^", '"', "echo hi", "echo 1", "echo {}", b"x", bytearray(b"x"), now, now.replace(tzinfo=None),
    datetime.datetime.min, artifact, artifact.files[0], pathlib.Path("x\\0"), pathlib.Path("none"),
]

def calls():
    run = service.run("a", id="run")
    for owner in (service, store, artifact, artifact.files[0], run):
        for name, method in inspect.getmembers(owner, inspect.ismethod):
            if not name.startswith("_"):
                yield f"{type(owner).__name__}.{name}", method
    for name in ("connect", "open_registry", "service"):
        yield name, getattr(holdfast, name)
    files = HoldfastFileSystem.__new__(HoldfastFileSystem, registry=place)
    yield "HoldfastFileSystem", files.__init__

counted = 0
for name, call in calls():
    parameters = inspect.signature(call).parameters
    kinds = {key: each.kind.name for key, each in parameters.items()}
    needed = [key for key, each in parameters.items() if each.default is each.empty]
    for key in parameters:
        if kinds[key] == "VAR_POSITIONAL":
            continue
        for wrong in WRONG:
            given = {each: VALID[each] for each in needed if not kinds[each].startswith("VAR")}
            given["odd" if kinds[key] == "VAR_KEYWORD" else key] = wrong
            if isinstance(given.get("to"), str):
                given["to"] = os.path.join(folder, str(counted), given["to"])
            counted += 1
            shown = f"{name} {key} {wrong!r}"
            try:
                found = call(**given)
                if name == "service":
                    found.__enter__()
                elif isinstance(found, holdfast.Registry):
                    "a" in found
                elif hasattr(found, "__next__"):
                    next(found, None)
                if wrong in ODD and parameters[key].annotation != "Any":
                    print("accepted", shown)
            except holdfast.HoldfastError as error:
                if not error.hint or not error.message.startswith("Cannot "):
                    print("no hint", shown, error)
            except Exception as error:
                print(type(error).__name__, shown, error)
    surplus = [VALID.get(key, "a") for key in needed] + ["a"] * 9
    for given, named in ([], {"odd_argument": 1}), (surplus, {}), ([], {}):
        try:
            if (needed and kinds[needed[0]] != "VAR_KEYWORD") or given or named:
                call(*given, **named)
                print("accepted", name, given, named)
        except holdfast.HoldfastError as error:
            if not error.hint or not error.message.startswith(f"Cannot "):
                print("no hint", name, error)
        except Exception as error:
            print(type(error).__name__, name, given, named, error)
print("calls", counted > 3000 or counted)
`;

pythonTest("a wrong argument is a HoldfastError with a hint, in every function", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await registry.save("a", 1);
  await registry.setAlias("a", "used", "1.0.0");
  await using service = await serve();
  await service.registry.save("a", 1);
  const args = [service.server.url, place, root.join("downloads")];
  assertEquals(await runProgram(PROGRAM, { args, cwd: root.path }), ["calls True"]);
});
