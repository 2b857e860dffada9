// Values that another thread changes while Python saves them.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { pythonTest, runProgram, served } from "./reader.ts";

const PROGRAM = `
import sys
import holdfast, numpy as np

registry = holdfast.connect(sys.argv[1], token=sys.argv[2])

class Turn(dict):
    "A dict that lets another thread run whenever it is read."
    def __init__(self, change):
        self.change = change
    def items(self):
        self.change()
        return super().items()

def refused(make):
    try:
        raise AssertionError(registry.load(registry.save("refused", make()).ref))
    except holdfast.Conflict as error:
        assert "changed during the save" in error.message and error.hint, error

def member():
    value = {}
    value["turn"] = Turn(lambda: value.update({str(len(value)): 1}))
    return value

def element():
    value = []
    value.append(Turn(lambda: value.append(len(value))))
    return value

def removed():
    value = [1, 2, 3]
    value[0] = Turn(lambda: len(value) > 1 and value.pop())
    return value

def earlier():
    value = {"a": [0]}
    value["turn"] = Turn(lambda: value["a"].append(1))
    return value

def array():
    value = {"a": np.zeros(3_000_000)}
    value["turn"] = Turn(lambda: value["a"].__setitem__(-1, value["a"][-1] + 1))
    return value

def shape():
    value = {"a": np.zeros(6)}
    value["turn"] = Turn(lambda: value.update(a=value["a"].reshape(-1, 2 if value["a"].ndim == 1 else 1)))
    return value

def data():
    value = {"a": bytearray(b"abc")}
    value["turn"] = Turn(lambda: value["a"].pop() if value["a"] else None)
    return value

for make in (member, element, removed, earlier, array, shape, data):
    refused(make)
once = []  # the second reading of this is equal
value = {"a": 1, "turn": Turn(lambda: once or once.append(value.update(b=2)))}
refused(lambda: value)
print(registry.load(registry.save("a", value).ref))

metadata, rows = {"rows": [1]}, [1]
metadata["turn"] = Turn(lambda: metadata.update({str(len(metadata)): object()}))
metadata["rows"] = rows
metadata["last"] = Turn(lambda: rows.append(object()))
print(registry.open(registry.save("m", 1, metadata=metadata).ref).metadata)

inputs, aliases = ["a"], ["used"]
saved = registry.save("m", {"turn": Turn(lambda: (inputs.append(3), aliases.append("latest")))},
                      inputs=inputs, alias=aliases)
print(len(registry.open(saved.ref).inputs), registry.aliases("m"), list(registry.names()))
`;

pythonTest("a value that changes during a save is saved as it was, or refused", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  assertEquals(await runProgram(PROGRAM, { args: [service.location, service.token!] }), [
    "{'a': 1, 'turn': {}, 'b': 2}",
    "{'rows': [1], 'turn': {}, 'last': {}}",
    "1 {'used': '2.0.0'} ['a', 'm']",
  ]);
});
