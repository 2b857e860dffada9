// Refusals of uploads, as Python programs receive them.
import { assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";
import { serve } from "../../apps/server/listen/served.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], timeout=60)
for size in (8_000_000, 20_000_000):
    try:
        registry.save("a", bytes(size))
    except holdfast.HoldfastError as error:
        print(error.code, error.message)
`;

pythonTest("a refused upload is an error with its reason, not a broken connection", async () => {
  await using service = await serve({ handler: { limits: { maxUploadBytes: 2 ** 20 } } });
  const refused = "Invalid Cannot upload the file: it has more than 1048576 bytes";
  assertEquals(await runProgram(PROGRAM, { args: [service.server.url] }), [refused, refused]);
});

const MANY = `
import pathlib, sys
import holdfast, holdfast.client.sending

registry = holdfast.connect(sys.argv[1])
holdfast.client.sending.MOST_FILES = 1  # of a service it is 100,000
folder = pathlib.Path("folder")
folder.mkdir()
for name in ("a", "b"):
    (folder / name).write_bytes(bytes(500_000))
run = registry.run("m")
for save in (lambda: registry.save("m", folder), lambda: run.finish(folder)):
    try:
        save()
    except holdfast.Invalid as error:
        print(error.message)
`;

pythonTest("more files than a service takes are refused before any is sent", async (root) => {
  await using registry = await openRegistry("memory:");
  await using handler = createHandler(registry);
  const sent: string[] = [];
  await using server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    if (/contents|uploads/.test(request.url)) sent.push(`${request.method} ${request.url}`);
    return handler(request);
  });
  const refused = 'Cannot save "m": it has more than 1 files (2)';
  const args = [`http://127.0.0.1:${server.addr.port}`];
  assertEquals(await runProgram(MANY, { args, cwd: root.path }), [refused, refused]);
  assertEquals(sent, []);
});

const FULL = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], timeout=5)
for size in (100, 8_000_000, 20_000_000):
    try:
        registry.save("a", bytes(size))
    except holdfast.HoldfastError as error:
        print(error.code)
`;

pythonTest("a failure that is final is not sent again", async () => {
  const requests: string[] = [];
  const full = { code: "Unavailable", detail: "Cannot write: the disk is full", retry: "never" };
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    if (request.method !== "GET") requests.push(request.method);
    const body = await request.text();
    const isCheck = request.url.endsWith("/versions") && !body.includes('"files"');
    if (isCheck) return new Response(null, { status: 204 });
    const begins = request.method === "POST" && request.headers.has("upload-length");
    if (begins) return new Response(null, { status: 201, headers: { location: "/uploads/1" } });
    return Response.json(full, { status: 503 });
  });
  try {
    const url = `http://127.0.0.1:${server.addr.port}`;
    const printed = await runProgram(FULL, { args: [url] });
    assertEquals(printed, ["Unavailable", "Unavailable", "Unavailable"]);
    assertEquals(requests, ["POST", "POST", "POST", "POST", "POST", "PATCH"]);
  } finally {
    await server.shutdown();
  }
});

const ALIASES = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1])
for alias in ("latest", "1.0.0", "^2", "a/b", "", "v3", ["good", "a@b"]):
    try:
        registry.save("a", 1, alias=alias)
    except holdfast.Invalid:
        print("refused", "a" in registry)
`;

pythonTest("a save with a word that cannot be an alias saves nothing", async () => {
  await using service = await serve();
  const printed = await runProgram(ALIASES, { args: [service.server.url] });
  assertEquals(printed, Array(7).fill("refused False"));
});

const CHECKED = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1])
for how in ({"version": "1"}, {"version": "one"}, {"inputs": "gone"}):
    try:
        print(registry.save("a", bytes(9_000_000), **how).version)
    except holdfast.HoldfastError as error:
        print(error.code)
`;

pythonTest("a save that the service refuses is refused before bytes are sent", async () => {
  await using service = await serve();
  await service.registry.save("a", 1);
  const before = await service.server;
  assertEquals(await runProgram(CHECKED, { args: [before.url] }), [
    "AlreadyExists",
    "Invalid",
    "NotFound",
  ]);
});

const EXISTS = `
import sys
from holdfast.filesystem import HoldfastFileSystem

location, token, file, closed = sys.argv[1:]

def answer(files, path):
    def ask(method):
        try:
            return getattr(files, method)(path)
        except Exception as error:
            return getattr(error, "code", type(error).__name__)
    print(*(ask(method) for method in ("exists", "isfile", "isdir", "lexists")))

files = HoldfastFileSystem(location, token=token, skip_instance_cache=True)
for path in (file, "m@1.0.0", "m@1.0.0/other", "m@7", "n", ""):
    answer(files, path)
answer(HoldfastFileSystem(location, token="wrong", skip_instance_cache=True), file)
answer(HoldfastFileSystem(closed, timeout=1, skip_instance_cache=True), file)
`;

pythonTest("a path is not missing because a service is away or refuses", async () => {
  await using registry = await openRegistry("memory:");
  await registry.save("m", { a: 1 });
  await using service = served(registry);
  const { files: [{ path }] } = await registry.info("m");
  const args = [service.location, service.token!, `m@1.0.0/${path}`, "http://127.0.0.1:9"];
  assertEquals(await runProgram(EXISTS, { args }), [
    "True True False True",
    "True False True True",
    ...Array(3).fill("False False False False"),
    "True False True True",
    "Denied Denied Denied Denied",
    "Unavailable Unavailable Unavailable Unavailable",
  ]);
});
