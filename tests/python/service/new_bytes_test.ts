// Python sends only the bytes of a changed file that the version before it lacks.
import { assert, assertEquals } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import { openRegistry } from "../../../mod.ts";
import { CLOCK_OF_RETRIES, pythonTest, runProgram, served } from "../reader.ts";

type Answer = (route: string, body: string) => Response | undefined;

/** Serves a registry, and counts the bytes of requests. A test may answer first. */
async function counting(answer: Answer = () => undefined) {
  const registry = await openRegistry("memory:");
  const handler = createHandler(registry);
  let sent = 0;
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    sent += Number(request.headers.get("content-length"));
    const { pathname } = new URL(request.url);
    if (pathname === "/sent") return Response.json(sent);
    const body = /\/versions$|\/parts\//.test(pathname) ? await request.clone().text() : "";
    return answer(pathname, body) ?? await handler(request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await handler[Symbol.asyncDispose]();
    },
  };
}

const SIZE = 1_500_000;
/** Makes `first`, a value of this size, and changes of it. */
const contentOf = (size: number) => `
import pathlib, random, sys
import holdfast

registry = holdfast.connect(sys.argv[1])
draw, path = random.Random(7), pathlib.Path("model.bin")
first = draw.randbytes(${size})
places = [draw.randrange(len(first)) for _ in range(5)]

def inserted(data):
    for at in places:
        data = data[:at] + b"another line\\n" + data[at:]
    return data

def replaced(data):
    data = bytearray(data)
    for at in places:
        data[at] ^= 1
    return bytes(data)

CHANGES = {
    "same": lambda data: data,
    "appended": lambda data: data + draw.randbytes(1000),
    "prepended": lambda data: b"header" + data,
    "inserted": inserted,
    "replaced": replaced,
    "cut": lambda data: data[:len(data) // 4] + data[3 * len(data) // 8:],
    "swapped": lambda data: data[len(data) // 2:] + data[:len(data) // 2],
    "doubled": lambda data: data + data,
    "other": lambda data: draw.randbytes(len(data)),
}
`;
const CONTENT = contentOf(SIZE);

const SAVE = `${CONTENT}
import json, urllib.request

def sent():
    return json.load(urllib.request.urlopen(f"{sys.argv[1]}/sent"))

for change in sys.argv[2:]:
    for content in (first, CHANGES[change](first)):
        before = sent()
        path.write_bytes(content)
        saved = registry.save(change, path)
        assert registry.open(saved.ref).file().read() == content
        saved = registry.save(f"{change}:bytes", bytearray(content))
        assert registry.load(saved.ref) == content
    print(sent() - before)
`;

const LIMITS = {
  same: 0,
  appended: 1000,
  prepended: 70_000,
  inserted: 350_000,
  replaced: 350_000,
  cut: 70_000,
  swapped: 140_000,
  doubled: 70_000,
  other: SIZE,
};

pythonTest("Python sends only the new bytes of a changed file or value", async (root) => {
  await using service = await counting();
  const args = [service.url, ...Object.keys(LIMITS)];
  const sent = (await runProgram(SAVE, { args, cwd: root.path })).map(Number);
  Object.entries(LIMITS).forEach(([change, limit], i) =>
    assert(sent[i]! < 2 * (limit + 4000), `${change}: ${sent[i]}`)
  );
});

pythonTest("Python sends whole files if it cannot use the version before", async (root) => {
  const gone = (status: number, code: string) =>
    Response.json({ code, detail: "Cannot read it" }, { status });
  const answers: Answer[] = [
    (route) => route.endsWith("/latest") ? gone(503, "Unavailable") : undefined,
    (route) => route.includes("/chunks/") ? gone(500, "Corrupt") : undefined,
    (route) => route.includes("/chunks/") ? gone(404, "NotFound") : undefined,
    (_, body) => body.includes('"earlier"') ? gone(409, "Conflict") : undefined,
    (_, body) => body.includes('"earlier"') ? gone(500, "Corrupt") : undefined,
  ];
  for (const answer of answers) {
    await using service = await counting(answer);
    const args = [service.url, "appended"];
    const sent = await runProgram(CLOCK_OF_RETRIES + SAVE, { args, cwd: root.path });
    assert(Number(sent[0]) >= 2 * SIZE, sent[0]);
  }
});

pythonTest("Python saves again with a token that may only write", async (root) => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["write:*"]);
  const program = `${CONTENT}
for content in (first, first + b"x"):
    path.write_bytes(content)
    print(registry.save("a", path).size - len(content))
`;
  const env = { HOLDFAST_TOKEN: service.token! };
  const options = { args: [service.location], env, cwd: root.path };
  assertEquals(await runProgram(program, options), ["0", "0"]);
});

const CHANGING = `${CONTENT}
import holdfast.client.sending as sending

path.write_bytes(first)
registry.save("a", path)
compared = sending.compared
def changing(*given):
    found = compared(*given)
    path.write_bytes(first[::-1])
    return found
sending.compared = changing
path.write_bytes(first + b"x")
try:
    registry.save("a", path)
except holdfast.Conflict as error:
    print(error.message, *registry.versions("a"))
`;

pythonTest("a file that changes while it is compared is not saved", async (root) => {
  await using service = await counting();
  const printed = await runProgram(CHANGING, { args: [service.url], cwd: root.path });
  assertEquals(printed, ['Cannot save "model.bin": it changed during the save 1.0.0']);
});

const TWO_TIMES = `
import os, pathlib, sys
import holdfast
import holdfast.client.sending as sending

registry = holdfast.connect(sys.argv[1])
folder = pathlib.Path("two")
folder.mkdir()
files, encoded = [folder / name for name in ("a", "b")], sending.encoded
def write(text):
    for file in files:
        (folder / "new").write_text(text)
        (folder / "new").replace(file)
def changing(data):
    write("later on")
    return encoded(data)
write("first")
sending.encoded, sending.AT_ONCE = changing, 1
try:
    registry.save("two", folder)
except holdfast.Conflict as error:
    print(error.message)
sending.encoded = encoded
files[1].unlink()
print(registry.save("two", folder).ref, registry.open("two").file("a").read())
`;

pythonTest("small files of a folder are of one time", async (root) => {
  await using service = await counting();
  const printed = await runProgram(TWO_TIMES, { args: [service.url], cwd: root.path });
  assertEquals(printed, ['Cannot save "a": it changed during the save', "two@1.0.0 b'later on'"]);
});

const FIXED = `${contentOf(4_000_000)}
import io
from holdfast.client.new_bytes import compared
from holdfast.files.chunks import Chunks, cut

chunks = Chunks(cut(iter([first]), len(first))[0], len(first))
for change in ("same", "appended", "replaced", "prepended"):
    content = CHANGES[change](first)
    found = compared(io.BytesIO(content), len(content), chunks)
    for size, at in found[0] if found else ():
        assert at is None or content.startswith(first[at:at + size], at)
    print(change, found and sum(size for size, at in found[0] if at is None))
`;

pythonTest("chunks of a fixed length are compared where they were", async (root) => {
  const printed = await runProgram(FIXED, { args: ["http://127.0.0.1"], cwd: root.path });
  assertEquals(printed, ["same 0", "appended 1000", "replaced 2951424", "prepended None"]);
});

const COMPARISON = `${contentOf(9_000_000)}
import hashlib
from holdfast.client.new_bytes import Comparison
from holdfast.files.chunks import Chunks, cut

fixed = Chunks(cut(iter([first]), len(first))[0], len(first))
whole = Chunks.of_one(len(first), hashlib.sha256(first).hexdigest())
print(whole.is_valid)
for change in CHANGES:
    content, found = CHANGES[change](first), []
    for chunks in (fixed, whole):
        comparison, at, new = Comparison(chunks), 0, b""
        while at < len(content):
            size = draw.randrange(1, 3_000_000)
            new += comparison.take(content[at : at + size])
            at += size
        new += comparison.end()
        made, at = b"", 0
        for size, offset in comparison.runs:
            made += new[at : at + size] if offset is None else first[offset : offset + size]
            at += size if offset is None else 0
        assert made == content and at == len(new), change
        assert comparison.has_equal == (len(new) < len(content)), change
        found.append(len(new))
    print(change, *found)
`;

pythonTest("a file is compared while its bytes come", async (root) => {
  const printed = await runProgram(COMPARISON, { args: ["http://127.0.0.1"], cwd: root.path });
  assertEquals(printed, [
    "True",
    "same 0 0",
    "appended 1000 1000",
    "prepended 9000006 9000006",
    "inserted 5854337 9000065",
    "replaced 2708544 9000000",
    "cut 5777848 7875000",
    "swapped 9000000 9000000",
    "doubled 9000000 9000000",
    "other 9000000 9000000",
  ]);
});

const STREAMED = `${contentOf(20_000_000)}
import json, urllib.request

def sent():
    return json.load(urllib.request.urlopen(f"{sys.argv[1]}/sent"))

def write(name, content, only_new_bytes=True):
    draft = registry.draft(name)
    writer = draft.writer("model.bin", only_new_bytes=only_new_bytes)
    for at in range(0, len(content), 700_000):
        writer.write(content[at : at + 700_000])
    writer.end()
    saved = draft.commit()
    assert registry.open(saved.ref).file("model.bin").read() == content
    return saved.version

for content, changes in ((first[:3_000_000], ("same", "appended", "other")), (first, CHANGES)):
    for change in changes:
        write(change, content)
        before = sent()
        write(change, CHANGES[change](content))
        print(sent() - before)
write("damaged", first)
try:
    write("damaged", first + b"x")
except holdfast.Corrupt:
    print([*registry.versions("damaged")])
print(write("damaged", first + b"x", only_new_bytes=False))
`;

pythonTest("a file that is sent while it is written is sent without known bytes", async (root) => {
  const problem = { code: "Corrupt", detail: "SHA-256 mismatch" };
  await using service = await counting((route, body) =>
    route.startsWith("/artifacts/damaged/") && body.includes('"earlier"')
      ? Response.json(problem, { status: 500 })
      : undefined
  );
  const lines = await runProgram(STREAMED, { args: [service.url], cwd: root.path });
  const limits = {
    same: 0,
    appended: 1000,
    other: 3_000_000,
    "same, large": 0,
    "appended, large": 1000,
    prepended: 20_000_000,
    inserted: 14_000_000,
    replaced: 140_000,
    cut: 12_600_000,
    swapped: 20_000_000,
    doubled: 20_000_000,
    "other, large": 20_000_000,
  };
  Object.entries(limits).forEach(([change, limit], i) =>
    assert(Number(lines[i]) < limit + 5000, `${change}: ${lines[i]}`)
  );
  assertEquals(lines.slice(12), ["['1.0.0']", "2.0.0"]);
});
