// The service that a Python program starts for a block.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { realSystem } from "../../../core/system.ts";
import { LOADS_LATE, REPOSITORY } from "../../support/run_deno.ts";
import { ENVIRONMENT, python, pythonTest, runProgram } from "../reader.ts";

const SERVICE = `
import holdfast, os
with holdfast.service(registry="registry") as registry:
    print(registry.save("a", 1).ref)
try:
    registry.load("a")
except holdfast.HoldfastError as error:
    print(error.code)
with holdfast.service(registry="registry", create=False) as registry:
    print(registry.load("a"))
try:
    with holdfast.service(registry="none", create=False) as registry:
        pass
except holdfast.NotFound as error:
    print(str(error).splitlines()[0])
try:
    with holdfast.service(command="no-such-command") as registry:
        pass
except holdfast.Unsupported as error:
    print(error)
with open("no_program", "w") as file:  # a shell runs it
    file.write("""echo '{"error": {"code": "NotFound", "message": "none"}}' >&2; exit 1""")
os.chmod("no_program", 0o755)
try:
    with holdfast.service(command="./no_program") as registry:
        pass
except holdfast.HoldfastError as error:
    print(error.code)
`;

const COMMAND = {
  HOLDFAST_COMMAND: `${Deno.execPath()} run -A ${LOADS_LATE} ${join(REPOSITORY, "apps/cli.ts")}`,
  PATH: realSystem.env("PATH") ?? "",
};

const KILLED = `
import holdfast, os, signal
with holdfast.service(registry="registry") as registry:
    print(registry.location, flush=True)
    os.kill(os.getpid(), signal.SIGKILL)
`;

pythonTest("a service ends with its Python program, also if that is killed", async (root) => {
  const options = { env: { ...ENVIRONMENT, ...COMMAND }, cwd: root.path };
  const { stdout } = await promisify(execFile)(python!, ["-c", KILLED], options).catch((error) =>
    error
  );
  const answers = () =>
    fetch(`${stdout.trim()}/health`).then(async (reply) => {
      await reply.body?.cancel();
      return true;
    }, () => false);
  while (await answers());
});

const FORKED = `
import holdfast, os, sys
with holdfast.service(registry="registry") as registry:
    if os.fork() == 0:
        sys.exit()
    os.wait()
    print(registry.save("a", 1).ref)
    print(registry.open("a").by.name)
`;

pythonTest(
  "the service of a Python program names its author, and outlives a forked child",
  async (root) => {
    const by = "Ann <ann@example.org>"; // of whom its versions are
    const options = { env: { ...COMMAND, HOLDFAST_BY: by }, cwd: root.path };
    assertEquals(await runProgram(FORKED, options), ["a@1.0.0", by]);
  },
);

const BY_PATH = `
import holdfast, os, pathlib
from holdfast.client import sending
def refused(*arguments):
    raise AssertionError("bytes were sent")
sending.Sender._send = refused
folder = pathlib.Path("data")
(folder / "below").mkdir(parents=True)
(folder / "below" / "large.bin").write_bytes(os.urandom(3 * 2**20))
(folder / "tool").write_bytes(b"#!/bin/sh" + bytes(2**20))
(folder / "tool").chmod(0o755)
with holdfast.service() as registry:
    print(registry.save("data", folder).ref)
    registry.download("data", "copy")
    print(all(
        (folder / name).read_bytes() == (pathlib.Path("copy") / name).read_bytes()
        for name in ("below/large.bin", "tool")
    ), os.access("copy/tool", os.X_OK))
    print(registry.save("data", folder, skip_if_unchanged=True).skipped)
    pathlib.Path("link").symlink_to(folder / "tool")
    print(registry.save("linked", pathlib.Path("link")).size == (folder / "tool").stat().st_size)
    for path in (folder / "\\udcff", folder):
        (folder / "\\udcff").touch()
        try:
            registry.save("odd", path)
        except holdfast.HoldfastError as error:
            print(error.message)
`;

pythonTest("the service of a Python program reads large files itself", async (root) => {
  const lines = await runProgram(BY_PATH, { env: COMMAND, cwd: root.path });
  const refused = 'Cannot save "\\udcff": its name is not UTF-8';
  assertEquals(lines, ["data@1.0.0", "True True", "True", "True", refused, refused]);
});

const STRANGERS = `
import glob, holdfast, os, urllib.error, urllib.request
os.environ["HOLDFAST_TOKEN"] = "holdfast_of_another_service"
with holdfast.service(registry="registry") as registry:
    registry.save("private", 1)
    url = f"{registry.location.rstrip('/')}/"
    for method, path in (("GET", "names"), ("DELETE", "artifacts/private/versions/1.0.0")):
        request = urllib.request.Request(url + path, method=method)
        try:
            print(urllib.request.urlopen(request).status)
        except urllib.error.HTTPError as error:
            print(error.code)
    seen = b""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            seen += open(path, "rb").read()
        except OSError:
            pass
    print(registry.token.encode() in seen, b"holdfast" in seen)
    again = holdfast.connect(registry.location, token=registry.token)
    print(again.load("private"), "private" in registry)
`;

pythonTest("other users cannot use the service of a Python program", async (root) => {
  const lines = await runProgram(STRANGERS, { env: COMMAND, cwd: root.path });
  assertEquals(lines, ["401", "401", "False True", "1 True"]);
});

pythonTest(
  "a block of a Python program starts and ends a service, without a proxy",
  async (root) => {
    const env = { ...COMMAND, http_proxy: "http://127.0.0.1:1", no_proxy: "" };
    const lines = await runProgram(SERVICE, { env, cwd: root.path });
    assertEquals(lines.slice(0, 3), ["a@1.0.0", "Unavailable", "1"]);
    assertMatch(lines[3]!, /^Cannot open the registry at file:.*none: no registry found$/);
    assertEquals(lines.slice(4), [
      "Cannot start a service: no command `no-such-command`",
      "hint: Run pip install 'holdfast-registry[cli]', set HOLDFAST_COMMAND to the command, " +
      "or use holdfast.connect(URL) of a running service.",
      "TaskFailed",
    ]);
  },
);

const ARRAYS_BY_PATH = `
import os, tempfile, warnings
import numpy, holdfast
from holdfast.client.connection import Connection
sent, write = [], Connection.write
def noted(self, method, path, body=b"", *args, **options):
    sent.append(len(body or b""))
    return write(self, method, path, body, *args, **options)
Connection.write = noted
os.mkdir("files")
tempfile.tempdir = os.path.abspath("files")
state = {"a": numpy.arange(2**19), "b": [numpy.ones((2**18, 2)), b"x" * 2**20], "small": numpy.ones(2)}
with holdfast.service(registry="registry") as registry, warnings.catch_warnings(record=True) as left:
    warnings.simplefilter("always")
    registry.save("a", state, version="1")
    again = registry.load("a")
    try:
        registry.save("a", {**state, "small": numpy.zeros(2)}, version="1")
    except holdfast.AlreadyExists:
        print(os.listdir("files"))
print(max(sent) < 2**20, [each for each in left if "cleaning up" in str(each.message)])
print(all(numpy.array_equal(*pair) for pair in ((again["a"], state["a"]), (again["b"][0], state["b"][0]))), again["b"][1] == state["b"][1])
`;

pythonTest("large arrays of a value go to a service of the program by path", async (root) => {
  const options = { env: { ...ENVIRONMENT, ...COMMAND }, cwd: root.path };
  const { stdout } = await promisify(execFile)(python!, ["-c", ARRAYS_BY_PATH], options);
  assertEquals(stdout, "[]\nTrue []\nTrue True\n");
});

const ONE_FILE = `
import os, pathlib
import numpy, holdfast
from holdfast.client.sending import Sender
sent, send = [], Sender.send
def noted(self, file, size):
    facts = send(self, file, size)
    sent.append(os.stat(facts["local"]).st_ino)
    return facts
Sender.send = noted
pathlib.Path("own.bin").write_bytes(os.urandom(2**20))
os.umask(0o027)
with holdfast.service(registry="registry") as registry:
    registry.save("a", {"large": numpy.arange(2**19)})
    registry.save("own", pathlib.Path("own.bin"))
    kept = {each.stat().st_ino: oct(each.stat().st_mode) for each in pathlib.Path("registry").rglob("*")}
    print([kept.get(each) for each in sent], registry.load("a")["large"][-1])
    print(os.stat("own.bin").st_nlink)
`;

pythonTest("a service keeps the files that a program wrote for it", async (root) => {
  const options = { env: { ...COMMAND, TMPDIR: root.path }, cwd: root.path };
  assertEquals(await runProgram(ONE_FILE, options), ["['0o100640', None] 524287", "1"]);
});

const MANY_FILES = `
import numpy, holdfast
from holdfast.client.connection import Connection
sent, chunks = [], Connection._chunks
def noted(self, method, path, *args, **options):
    sent.append(path)
    if is_cut and "/archive" in path:
        raise holdfast.HoldfastError("Unavailable", "", "")
    return chunks(self, method, path, *args, **options)
Connection._chunks, is_cut = noted, False
arrays = {str(at): numpy.full(99, at) for at in range(400)}
def is_whole(found):
    return found.keys() == arrays.keys() and all((found[at] == arrays[at]).all() for at in found)
with holdfast.service(registry="registry") as registry:
    registry.save("a", arrays)
    print(len(sent), is_whole(registry.load("a")), len(sent) < 30)
    is_cut = True
    print(is_whole(registry.load("a")))
`;

pythonTest("many small arrays are sent and read in few requests", async (root) => {
  const lines = await runProgram(MANY_FILES, { env: COMMAND, cwd: root.path });
  assertEquals(lines, ["1 True True", "True"]);
});

const OWN_SERVICE = `
import atexit, os, signal, threading
import holdfast
from holdfast import local_service
started, start = threading.Event(), local_service.start
def noted(*arguments):
    started.set()
    return start(*arguments)
with holdfast.service(registry="registry"):
    registry = holdfast.open_registry("registry")
atexit.register(lambda: print(registry.save("a", 5).ref, flush=True))
local_service.start = noted
thread = threading.Thread(target=registry.save, args=("other", 1))
thread.start()
started.wait()
if os.fork() == 0:
    signal.alarm(300)  # ends what would wait forever
    print(registry.save("a", 1).ref, flush=True)
    os._exit(0)
os.wait()
thread.join()
print(registry.save("a", 2).ref)
for process in local_service.RUNNING.values():
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
print(registry.save("a", 3).ref)
print(registry.load("a"), flush=True)
`;

pythonTest(
  "a program that writes to a folder starts its service again if need be",
  async (root) => {
    const lines = await runProgram(OWN_SERVICE, { env: COMMAND, cwd: root.path });
    assertEquals(lines, ["a@1.0.0", "a@2.0.0", "a@3.0.0", "3", "a@4.0.0"]);
  },
);
