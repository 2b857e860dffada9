// Registries, versions and files of the Python package in other processes.
import { assertEquals, assertMatch } from "@std/assert";
import { openRegistry } from "../../mod.ts";
import { pythonTest, runProgram, served } from "./reader.ts";

const PROGRAM = `
import copy, multiprocessing, pickle, ssl, sys, urllib.request
import holdfast
from holdfast.filesystem import HoldfastFileSystem

begin = urllib.request.HTTPSHandler.__init__

def as_since_3_12(self, context=None, **options):  # which cannot be pickled
    begin(self, context=context or ssl.create_default_context(), **options)

urllib.request.HTTPSHandler.__init__ = as_since_3_12

def read(artifact):
    file = artifact.file("data.bin")
    return artifact.load()[:2], file.range(9_000_000, 2), file.size

def use(registry):
    artifact = registry.open("a")
    files = HoldfastFileSystem(registry)
    return read(artifact), files.cat_file("a@1.0.0/data.bin", 0, 2)

if __name__ == "__main__":
    for location in sys.argv[1:]:
        registry = holdfast.open_registry(location)
        if isinstance(registry, holdfast.ServiceRegistry):
            run = registry.run("a")  # a registry with open runs too
            run.log(loss=1)
        expected = read(registry.open("a"))
        files = HoldfastFileSystem(registry)
        opened = files.open("a@1.0.0/data.bin")
        opened.read(1)
        kept = [registry, registry.open("a"), registry.open("a").files[0], registry.artifacts("a"),
            registry.history("a", "b"), registry.search("kind=bytes"), files, opened]
        for each in kept:
            for made in (pickle.loads(pickle.dumps(each)), copy.deepcopy(each)):
                assert type(made) is type(each)
        assert pickle.loads(pickle.dumps(kept[2])).read() == kept[2].read()
        assert pickle.loads(pickle.dumps(files)).cat_file("a@1.0.0/data.bin", 0, 2) == b"\\7\\7"
        for method in ("fork", "spawn", "forkserver"):
            with multiprocessing.get_context(method).Pool(1) as pool:
                print(pool.map(read, kept[3]) == [expected], pool.map(use, [registry])[0][1])
        if isinstance(registry, holdfast.ServiceRegistry):
            for attempt in (pickle.dumps, copy.deepcopy):
                try:
                    attempt({"run": run})
                except holdfast.Invalid as error:
                    print(error.message.replace(run.id, "ID"), error.hint.replace(run.id, "ID"))
            print(run.finish().ref)
`;

pythonTest("versions and files are pickled, and read in other processes", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await registry.save("a", new Uint8Array(10_000_000).fill(7));
  await registry.setAlias("a", "b", "1.0.0");
  await using service = served(registry, ["read:*", "write:*"]);
  const options = {
    args: [place, service.location],
    cwd: root.path,
    env: { HOLDFAST_TOKEN: service.token! },
  };
  await Deno.writeTextFile(root.join("program.py"), PROGRAM);
  const program = "import runpy; runpy.run_path('program.py', run_name='__main__')";
  const read = "True b'\\x07\\x07'";
  const refused = 'Cannot copy run "ID" of "a": a run belongs to one process ' +
    'Open it there: registry.run("a", id="ID").';
  assertEquals(await runProgram(program, options), [
    ...[...new Array(6).fill(read), refused, refused, "a@2.0.0"],
  ]);
});

const BUCKETS = `
import copy, pickle, os
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage
import boto3, holdfast
from holdfast import filesystem
from holdfast.store.buckets import GcsStore, S3Store, gcs_store, s3_store

os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
place = ("bucket", "/models/é")
for store in (s3_store(*place, "http://127.0.0.1:1", "us-east-1"), gcs_store(*place, "http://127.0.0.1:1")):
    again = pickle.loads(pickle.dumps(store))
    assert (again.location, again.prefix, again.made_by) == (store.location, store.prefix, store.made_by)
    assert copy.deepcopy(store).client is store.client
    print(again.location)
s3 = boto3.client("s3", region_name="us-east-1")
gcs = storage.Client("none", AnonymousCredentials())
for option, store in (("s3", S3Store(s3, *place)), ("gcs", GcsStore(gcs, *place))):
    registry = object.__new__(holdfast.Registry)
    registry.store, registry.location = store, store.location
    filesystem.open_registry = lambda *_, **__: registry  # which needs no server
    files = filesystem.HoldfastFileSystem("registry", **{option: store.client})
    assert copy.deepcopy(files).registry.store.client is store.client
    for each in (store, files):
        try:
            pickle.dumps(each)
        except holdfast.Unsupported as error:
            print(error)
`;

pythonTest("registries in buckets are pickled, unless a client was passed", async () => {
  const [s3, gcs, ...lines] = await runProgram(BUCKETS);
  assertEquals([s3, gcs], ["s3://bucket/models/é", "gs://bucket/models/é"]);
  assertEquals(lines.length, 8); // of two stores and two file systems
  const text = lines.join("\n");
  assertMatch(text, /^Cannot pickle the registry "s3:.*": it uses a client of yours\nhint: .*s3=…/);
  assertMatch(text, /\nCannot pickle the registry "gs:.*client of yours\nhint: .*gcs=…\)\.$/);
});

const TOKENS = `
import holdfast
from holdfast.filesystem import HoldfastFileSystem

url = "http://127.0.0.1:1"
for make in (lambda each: ([each], {}), lambda each: ([], {"registry": each})):
    for token in "ab":
        given, named = make(holdfast.connect(url, token=token))
        print(HoldfastFileSystem(*given, **named).registry.token, end=" ")
print(HoldfastFileSystem(url, token="c") is HoldfastFileSystem(url, token="c"))
`;

pythonTest(
  "a file system of fsspec has the token of the registry that it was made of",
  async () => {
    assertEquals(await runProgram(TOKENS), ["a b a b True"]);
  },
);
