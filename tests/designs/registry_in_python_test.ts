// "Registry Module" of mindtrace 0.8 and 0.9 in its own language: the blocks that Python runs.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { pythonTest, runProgram, served } from "../python/reader.ts";

/** Runs the lines of a block after `registry` is connected. Returns what they print. */
function blockTest(name: string, block: string, printed: string[], options = {}): void {
  pythonTest(`in Python, ${name}`, async () => {
    await using registry = await openRegistry("memory:", options);
    await using service = served(registry, ["admin"]);
    const program = `import sys
import holdfast
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
${block}`;
    assertEquals(await runProgram(program, { args: [service.location, service.token!] }), printed);
  });
}

blockTest(
  "quick start",
  `
trained_model, dataset = {"layers": [64, 32]}, [1, 2, 3]
registry.save("my:model", trained_model)
registry.save("my:data", dataset, version="1.0.0")
model = registry.load("my:model")
data = registry.load("my:data", version="1.0.0")
print(model, data)
registry["my:config"] = {"depth": 12}
config = registry["my:config"]
print(config)
del registry["my:config"]
print("my:model@1.0.0" in registry, "my:config" in registry)
info = registry.info("my:model", "1.0.0")
print(info.version, info.materializer)
print(sorted(registry.names()))
print(list(registry.versions("my:model")))
`,
  [
    "{'layers': [64, 32]} [1, 2, 3]",
    "{'depth': 12}",
    "True False",
    "1.0.0 json",
    "['my:data', 'my:model']",
    "['1.0.0']",
  ],
);

blockTest(
  "version management and conflicts",
  `
for value in ("v1", "v2"):
    registry.save("model", value)
registry.save("model", "v3", version="2.1")
print(registry.load("model", version="2.1"), registry.load("model", version="latest"))
registry.save("model", "v4", version="2.1", on_conflict="overwrite")
print(registry.load("model@2.1"), registry.save("model", "v5", version="2.1", on_conflict="skip").skipped)
`,
  ["v3 v3", "v4 True"],
  { mutable: true },
);

blockTest(
  "one version of a name",
  `
for value in (1, 2):
    registry.save("model", value)
print(registry.load("model"), len(list(registry.versions("model"))))
`,
  ["2 1"],
  { versioned: false, mutable: true },
);

blockTest(
  "custom materializers, and the class of an object",
  `
class MyClass:
    def __init__(self, text):
        self.text = text

@holdfast.serializer(MyClass, "my_module.MyClass")
class MyMaterializer:
    def save(self, value, folder):
        (folder / "text").write_text(value.text)

    def load(self, loading):
        return MyClass(loading.file("text").read_text())

my_object = MyClass("a")
registry.save("custom:obj", my_object)
print(registry.load("custom:obj").text)
info = registry.info("custom:obj")
print(info.class_name, info.materializer, [file.path for file in info.files])
registry["plain"] = 1
print(registry.info("plain").class_name)
try:
    info["class"]
except TypeError as error:
    print(error)
`,
  [
    "a",
    "__main__.MyClass folder ['holdfast-object.json', 'text']",
    "None",
    "no item 'class': write .class_name, .materializer or .path()",
  ],
);

blockTest(
  "metadata and information: of a version, of a name, of all",
  `
registry.save_many(["a", "a", "b"], [1, 2, 3], version=["1", "2", "1"]).raise_first()
print(registry.info("a", "1.0.0").ref, [each.version for each in registry.artifacts("a")])
print({name: len(registry.artifacts(name)) for name in registry})
`,
  ["a@1.0.0 ['2.0.0', '1.0.0']", "{'a': 2, 'b': 1}"],
);

blockTest(
  "error handling",
  `
for error in (holdfast.NotFound, KeyError):
    try:
        registry.load("nonexistent:model")
    except error as e:
        print(f"Object not found: {e}".splitlines()[0])
registry.save("model", 1, version="1.0.0")
try:
    registry.save("model", 1, version="1.0.0")
except holdfast.AlreadyExists as e:
    print(f"Version conflict: {e.message}")
`,
  [
    ...Array(2).fill('Object not found: Cannot find "nonexistent:model": no such name'),
    'Version conflict: Cannot save "model@1.0.0": version exists',
  ],
);

blockTest(
  "batch operations",
  `
result = registry.save_many(["model:a", "model:b"], [1, 2], version=["1.0.0", "1.0.0"])
print(len(result.results), result.errors, result.succeeded, result.failed)
result = registry.load_many(["model:a", "model:b", "model:c"], version="1.0.0")
print(result.results, result.succeeded, result.failed, result.errors[2].code)
`,
  ["2 {} [0, 1] []", "[1, 2, None] [0, 1] [2] NotFound"],
);

blockTest(
  "debug logging: operations write detailed logs",
  `
import logging
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout, format="%(name)s %(message)s")
registry.save("my:model", 1)
registry.annotations("my:model@1.0.0")
`,
  [
    'holdfast ServiceRegistry.save "my:model"',
    'holdfast Registry.annotations "my:model@1.0.0"',
    'holdfast ServiceRegistry.stored_annotations "my:model@1.0.0"',
  ],
);

blockTest(
  "examples: a pipeline of machine learning, and versions of data",
  `
for name in ("data:training", "data:testing", "model:classifier", "pipeline:preprocessing"):
    registry.save(name, {"name": name}, version="1.0.0")
print(registry.load("model:classifier"), registry.load("pipeline:preprocessing"))
registry.save("data:raw", [0] * 3, version="1.0.0")
registry.save("data:processed", [0] * 2, version="1.1.0")
registry.save("data:cleaned", [0], version="1.2.0")
for version in registry.versions("data:raw"):
    data = registry.load("data:raw", version=version)
    print(f"Version {version}: {len(data)} records")
`,
  [
    "{'name': 'model:classifier'} {'name': 'pipeline:preprocessing'}",
    "Version 1.0.0: 3 records",
  ],
);
