import { assertEquals } from "@std/assert";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { openRegistry, type Registry } from "../../../../mod.ts";
import { createS3Backend } from "../../../../backends/s3.ts";
import {
  exportMindtrace,
  importMindtrace,
  openMindtrace,
} from "../../../../extensions/neighbors/mindtrace/mindtrace.ts";
import { ndarray } from "../../../../materializers/mod.ts";
import { localPath } from "../../../../mod.ts";
import { partOfRun } from "../../../support/seeds.ts";
import { unpackFixture } from "../../../support/mindtrace_fixtures.ts";
import { testWithMindtrace } from "./mindtrace_package.ts";
import { findServer, startServer } from "../../../support/servers/mod.ts";

/** A class and a pickle that the registry cannot hold as JSON. */
const MODELS = `
from pydantic import BaseModel
class Shop(BaseModel):
    name: str
    sizes: list[int]
class Other:
    def __init__(self, n): self.n = n
`;

/** Saves values of every kind, and prints how many. */
const WRITE = `
import json, sys
from pathlib import Path
import numpy as np
from mindtrace.registry import Registry
from models import Shop, Other
kwargs = {}
if len(sys.argv) > 2:
    from mindtrace.registry import S3RegistryBackend
    endpoint, key, secret, bucket = sys.argv[2:6]
    backend = S3RegistryBackend(endpoint=endpoint, access_key=key, secret_key=secret, bucket=bucket, secure=False, prefix="team/reg")
    registry = Registry(backend=backend, version_objects=True, use_cache=False)
else:
    registry = Registry(sys.argv[1], version_objects=True)
tree = Path("tree"); (tree / "sub").mkdir(parents=True); (tree / "empty").mkdir(); (tree / "sub" / "b").write_bytes(b"b")
Path("n\\u00f6te.txt").write_text("a note")
values = {
    "text": "\\u6f22 \\U0001F600 \\n", "int": 2**70, "float": 1.0, "flag": False, "nan": float("inf"),
    "list": [1, 2.5, None, {"a": float("nan")}], "tuple": (1, 2), "set": {3}, "dict": {"b": 1, "a": [True]},
    "bytes": bytes(range(256)), "array": np.arange(6, dtype="<u2").reshape(2, 3), "a:b": "colon",
    "complex": np.ones(2, dtype=np.complex64), "words": np.array(["a", "bc"]), "model": Shop(name="x", sizes=[1]),
    "pickled": [Other(1)], "path": Path("n\\u00f6te.txt"), "folder": tree,
}
zenml = "zenml" in str(registry.registered_materializer("builtins.str"))
if zenml: del values["pickled"] # asks for a database
for name, value in values.items():
    materializer = "zenml.materializers.PydanticMaterializer" if zenml and name == "model" else None
    registry.save(name, value, materializer=materializer, metadata={"octal": "0o17", "exp": "1e5", "day": "2024-01-02", "n": [1, 1.5, None], "é": "\\x85\\U0001F600"})
stored = registry.info("text", "1.0.0")["_storage"]["created_at"] if len(sys.argv) > 2 else None
print(json.dumps({"count": len(values), "stored": stored}))
`;

interface Written {
  count: number;
  /** When an object in a bucket was saved. */
  stored: string;
}

const METADATA = {
  octal: "0o17",
  exp: "1e5",
  day: "2024-01-02",
  n: [1, 1.5, null],
  "é": "\x85😀",
};

async function assertWritten(registry: Registry, isOld = false): Promise<void> {
  const values: Record<string, unknown> = {
    text: "漢 😀 \n",
    int: 2n ** 70n,
    float: 1,
    flag: false,
    nan: Infinity,
    list: [1, 2.5, null, { a: NaN }],
    tuple: [1, 2],
    set: new Set([3]),
    dict: { b: 1, a: [true] },
    bytes: Uint8Array.from({ length: 256 }, (_, i) => i),
    array: { data: Uint16Array.of(0, 1, 2, 3, 4, 5), shape: [2, 3], dtype: "uint16" },
    complex: { data: Float32Array.of(1, 0, 1, 0), shape: [2], dtype: "complex64" },
    model: { name: "x", sizes: [1] },
    "a:b": "colon",
  };
  for (const [name, value] of Object.entries(values)) {
    assertEquals(await registry.load(name), value, name);
    const { "mindtrace/origin": _, ...metadata } = (await registry.info(name)).metadata;
    assertEquals(metadata, METADATA, name);
  }
  const files = async (name: string) =>
    (await registry.open(name)).files().map(({ info }) => info.path).sort();
  assertEquals(await files("path"), ["nöte.txt"]);
  assertEquals(await files("folder"), ["empty", "sub/b"]);
  if (!isOld) assertEquals(await files("pickled"), ["data.pkl"]);
  assertEquals(await files("words"), ["data.npy"]);
}

for (const release of partOfRun(["0.9.0", "0.12.0", "0.16.0"], 3)) {
  testWithMindtrace(`what mindtrace ${release} writes is read`, async (root, python) => {
    await writeFile(root.join("models.py"), MODELS);
    const isOld = release === "0.9.0";
    const { count } = await python(release, WRITE, [root.join("registry")]) as Written;
    await using registry = await openRegistry("memory:");
    const report = await importMindtrace(root.join("registry"), registry);
    assertEquals([report.imported, report.failures], [count, []]);
    assertEquals(report.kept.map(({ name }) => name), isOld ? ["words"] : ["pickled", "words"]);
    await assertWritten(registry, isOld);
  });
}

testWithMindtrace("a registry of mindtrace in a bucket is read", async (root, python) => {
  if (findServer("minio") === undefined) return;
  await using server = await startServer("minio");
  await writeFile(root.join("models.py"), MODELS);
  const { accessKey, secretKey, bucket, endpoint, region } = server;
  const host = new URL(endpoint).host;
  for (const release of partOfRun(["0.12.0", "0.16.0"], 2)) {
    await mkdir(root.join(release));
    const where = `${bucket}${release.replaceAll(".", "")}`;
    const source = `import os; os.chdir("${release}")\n${WRITE}`;
    const given = ["", host, accessKey, secretKey, where];
    const { count, stored } = await python(release, source, given) as Written;
    const credentials = { accessKeyId: accessKey, secretAccessKey: secretKey };
    const store = { bucket: where, prefix: "team/reg", endpoint, region, credentials };
    await using registry = await openRegistry("memory:");
    const report = await importMindtrace(createS3Backend(store), registry);
    assertEquals([report.imported, report.failures], [count, []]);
    await assertWritten(registry);
    assertEquals((await registry.info("text")).createdAt, new Date(stored));
  }
});

/** Loads every object of registries, and prints what it is. */
const READ = `
import json, sys, hashlib
from pathlib import Path
import numpy as np
from mindtrace.registry import Registry
def shown(value):
    if isinstance(value, Path):
        if value.is_file(): return [value.name, hashlib.sha256(value.read_bytes()).hexdigest()]
        return [value.name, {p.relative_to(value).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest() for p in sorted(value.rglob("*")) if p.is_file()}]
    if isinstance(value, np.ndarray): return [str(value.dtype), value.tolist()]
    if isinstance(value, bytes): return hashlib.sha256(value).hexdigest()
    if isinstance(value, set): return sorted(value)
    if isinstance(value, (str, int, float, bool, list, dict, tuple)): return value
    return repr(value.__dict__)
found = []
for registry in map(Registry, sys.argv[1:]):
    found.append(out := {})
    for name in registry.list_objects():
        for version in registry.list_versions(name):
            value = registry.load(name, version=version)
            out[f"{name}@{version}"] = [type(value).__name__, shown(value), registry.info(name, version).get("metadata")]
print(json.dumps(found, default=str))
`;

/** Of each registry, type, value and metadata by ref. */
type Read = [Record<string, unknown[]>, Record<string, unknown[]>];

testWithMindtrace(
  "mindtrace loads every fixture after import and export",
  async (root, python) => {
    for (const origin of partOfRun(["0.9.0", "0.12.0", "0.16.0"], 3)) {
      const { versioned } = await unpackFixture(origin, root.join(origin));
      await using registry = await openRegistry("memory:");
      await importMindtrace(root.join(origin, "versioned"), registry);
      const names = await Array.fromAsync(registry);
      const to = root.join(`${origin}-out`);
      const options = { to, allVersions: true };
      const report = await exportMindtrace(registry, names, options);
      assertEquals([report.exported, report.failures], [versioned.length, []]);
      const [found] = await python("0.16.0", READ, [to]) as Read;
      assertEquals(Object.keys(found).length, versioned.length);
      for (const object of versioned) {
        const version = [...object.version.split("."), "0", "0"].slice(0, 3).join(".");
        const [type, value, metadata] = found[`${object.name}@${version}`]!;
        assertEquals(metadata, object.metadata ?? {});
        const { kind } = object;
        const isPath = kind === "file" || kind === "folder" || kind === "nested";
        assertEquals(type, isPath ? "PosixPath" : kind === "numpy" ? "ndarray" : kind);
        if (kind === "bytes") assertEquals(value, object.sha256);
        else if (kind === "file") assertEquals(value, [object.file_name, object.sha256]);
        else if (kind === "folder") assertEquals(value, [object.folder_name, object.tree]);
        else if (kind === "numpy") assertEquals((value as unknown[])[1], object.value);
        else if (kind !== "nested" && kind !== "int") assertEquals(value, object.value);
      }
      const again = await exportMindtrace(registry, names, options);
      assertEquals([again.exported, again.skipped], [0, versioned.length]);
      await using back = await openMindtrace(to);
      for (const name of names) {
        for await (const { version } of registry.versions(name)) {
          const [a, b] = [registry, back].map((each) => each.info(`${name}@${version}`));
          assertEquals((await a!).digest, (await b!).digest, name);
          assertEquals((await a!).createdAt, (await b!).createdAt, name);
        }
      }
    }
  },
);

testWithMindtrace("mindtrace loads what Holdfast saved", async (root, python) => {
  await writeFile(root.join("models.py"), MODELS);
  await python("0.16.0", WRITE, [root.join("registry")]);
  await using registry = await openRegistry("memory:");
  await importMindtrace(root.join("registry"), registry);
  await mkdir(root.join("data/sub"), { recursive: true });
  await writeFile(root.join("data/sub/a.txt"), "a");
  await symlink("sub/a.txt", root.join("data/link"));
  await registry.save("own:folder", localPath(root.join("data")));
  await registry.save("own:file", localPath(root.join("data/sub/a.txt")));
  await registry.save("own:date", { at: new Date(0) });
  await registry.save("own:blob", new Blob(["text"]));
  const floats = { data: Float64Array.of(1.5), shape: [1], dtype: "float64" } as const;
  await registry.save("own:array", floats, { as: ndarray() });
  await registry.save("own:yaml", 1, {
    metadata: {
      no: "no",
      time: "12:30:45",
      text: "a: b\n\t#",
      "\x85": "\ufeff\u2028😀",
      deep: [[{}]],
    },
  });
  const to = root.join("out");
  const names = await Array.fromAsync(registry);
  const plain = await exportMindtrace(registry, names, { to });
  assertEquals(plain.failures, []);
  const trusted = root.join("trusted");
  await exportMindtrace(registry, names, { to: trusted, keepClasses: true });
  const [found, restored] = await python("0.16.0", READ, [to, trusted]) as Read;
  const typeOf = (name: string) => found[`${name}@1.0.0`]![0];
  assertEquals(typeOf("model"), "dict", "a class is restored only when it is trusted");
  assertEquals([typeOf("pickled"), typeOf("words")], ["PosixPath", "PosixPath"]);
  assertEquals([typeOf("float"), typeOf("tuple"), typeOf("int")], ["float", "tuple", "int"]);
  assertEquals(typeOf("own:date"), "PosixPath");
  assertEquals((found["own:folder@1.0.0"]![1] as unknown[])[0], "folder");
  assertEquals(found["own:array@1.0.0"]!.slice(0, 2), ["ndarray", ["float64", [1.5]]]);
  const { metadata } = await registry.info("own:yaml");
  assertEquals(found["own:yaml@1.0.0"]![2], metadata);
  assertEquals(restored["model@1.0.0"]!.slice(0, 2), ["Shop", "{'name': 'x', 'sizes': [1]}"]);
  assertEquals(restored["words@1.0.0"]!.slice(0, 2), ["ndarray", ["<U2", ["a", "bc"]]]);
});
