// Drafts of Python programs: many processes write one version, beside programs in TypeScript.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256 } from "../../../core/bytes/digest.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { noise } from "../../registry/registries.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const CONNECT = `
import io, itertools, multiprocessing, os, pathlib, sys
import holdfast
`;

/** A file that is sent in pieces. */
const LARGE = 9_000_000;

const WORKERS = `${CONNECT}
def work(given):
    draft, number = given
    if number == 0:
        return draft.add("0.csv", b"a,b\\n")
    if number == 1:
        return draft.add("one", pathlib.Path("folder"), part="1/4")
    if number == 2:
        chunks = (bytes([at % 251]) * 100_000 for at in range(90))
        return draft.add("2.bin", chunks)
    with open("large.bin", "rb") as stream:
        return draft.add("3.bin", stream, compress="zstd")

if __name__ == "__main__":
    registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
    draft = registry.draft("data:clean", "job 7/é")
    with multiprocessing.get_context("fork").Pool(2) as pool:
        jobs = [(draft, number) for number in range(4)]
        for each in [*pool.map(work, jobs), work(jobs[0])]:
            print(*each)
    info = draft.info()
    print(info.state, info.version, sorted(info.parts))
    print([(file.path, file.size, file.part, file.mode) for file in draft.files()])
    print("data:clean" in registry)
    saved = draft.commit(alias="production", metadata={"by": "four"}, inputs="data:raw@1")
    print(saved.ref, saved.size, saved.skipped)
    again = registry.draft("data:clean", "job 7/é").commit()
    print(again.ref, again.skipped, draft.info().version, draft.discard())
`;

async function contentOf(registry: Registry, ref: string): Promise<Record<string, string>> {
  const files = (await registry.open(ref)).files().map(async (file) => {
    const bytes = await file.bytes();
    return [file.info.path, bytes.length > 100 ? sha256(bytes) : new TextDecoder().decode(bytes)];
  });
  return Object.fromEntries(await Promise.all(files));
}

pythonTest(
  "processes write one draft with a program in TypeScript, and one commits",
  async (root) => {
    const place = root.join("registry");
    await using registry = await openRegistry(place, { cache: false });
    await registry.save("data:raw", 1);
    await using service = served(registry, ["write:*", "read:*"]);
    await Deno.writeTextFile(root.join("workers.py"), WORKERS);
    await Deno.mkdir(root.join("folder/sub"), { recursive: true });
    await Deno.writeTextFile(root.join("folder/run.sh"), "#!/bin/sh\n");
    await Deno.chmod(root.join("folder/run.sh"), 0o755);
    await Deno.writeTextFile(root.join("folder/sub/plain"), "plain");
    const large = noise(LARGE, 3);
    await Deno.writeFile(root.join("large.bin"), large);
    const draft = await registry.openDraft("data:clean", { id: "job 7/é" });
    await draft.addFile("typescript.txt", new TextEncoder().encode("ts"));
    const program = "import runpy; runpy.run_path('workers.py', run_name='__main__')";
    const args = [service.location, service.token!];
    const pieces = new Uint8Array(9_000_000).map((_, i) => Math.floor(i / 100_000) % 251);
    assertEquals(await runProgram(program, { args, cwd: root.path }), [
      "True 1 4",
      "True 2 15",
      "True 1 9000000",
      `True 1 ${LARGE}`,
      "False 1 4",
      "open None ['0.csv', '1/4', '2.bin', '3.bin', 'typescript.txt']",
      "[('0.csv', 4, '0.csv', None), ('2.bin', 9000000, '2.bin', None), " +
      `('3.bin', ${LARGE}, '3.bin', None), ('one/run.sh', 10, '1/4', 'executable'), ` +
      "('one/sub/plain', 5, '1/4', None), ('typescript.txt', 2, 'typescript.txt', None)]",
      "False",
      `data:clean@1.0.0 ${9_000_021 + LARGE} False`,
      "data:clean@1.0.0 True 1.0.0 False",
    ]);
    assertEquals(await contentOf(registry, "data:clean@production"), {
      "0.csv": "a,b\n",
      "2.bin": sha256(pieces),
      "3.bin": sha256(large),
      "one/run.sh": "#!/bin/sh\n",
      "one/sub/plain": "plain",
      "typescript.txt": "ts",
    });
    const { metadata, inputs } = await registry.info("data:clean");
    assertEquals<unknown>([metadata, inputs], [{ by: "four" }, ["data:raw@1"]]);
  },
);

const REFUSED = `${CONNECT}
registry = holdfast.connect(sys.argv[1], token=sys.argv[2])
def refused(call):
    try:
        print("returned", call())
    except holdfast.HoldfastError as error:
        print(error.code, error.message, error.hint)

draft = registry.draft("a", "1")
refused(lambda: draft.add("x", "text"))
refused(lambda: draft.add("x", [b"a"]))
refused(lambda: draft.add("x", io.StringIO("text")))
refused(lambda: draft.add("x", iter(["text"])))
refused(lambda: draft.add("", pathlib.Path("folder")))
refused(lambda: draft.add("a@b", b"x"))
refused(lambda: draft.add("x", pathlib.Path("none")))
refused(lambda: draft.add("../x", b"x"))
refused(lambda: registry.draft("a", ""))
refused(lambda: draft.commit())
refused(lambda: draft.commit(parts=["x", "y"]))

def broken():
    yield b"x" * 9_000_000
    raise OSError("the source is broken")
try:
    draft.add("x", broken())
except OSError as error:
    print(error)
draft.add("x", b"1", part="1")
draft.add("x", b"2", part="2")
refused(lambda: draft.commit())
print(draft.commit(parts=["2"]).ref, [*draft.info().parts])
refused(lambda: draft.add("y", b"3"))
refused(lambda: draft.add("y", itertools.repeat(b"x" * 2**20)))
refused(lambda: draft.commit(parts=["1"]))
other = registry.draft("a")
other.add("x", b"")
print(other.discard(), other.info().state)
refused(lambda: holdfast.open_registry(sys.argv[3]).draft("a", "1"))
`;

pythonTest("a draft refuses what it cannot add or commit, and saves nothing then", async (root) => {
  const place = root.join("registry");
  await using registry = await openRegistry(place, { cache: false });
  await using service = served(registry, ["write:*", "read:*"]);
  await Deno.mkdir(root.join("folder"));
  await Deno.writeTextFile(root.join("folder/a"), "a");
  const args = [service.location, service.token!, place];
  const lines = await runProgram(REFUSED, { args, cwd: root.path });
  const expected = [
    /^Invalid .*"1" of "a": content of the type str Pass bytes/,
    /^Invalid .*content of the type list /,
    /^Invalid .*chunks are of the type str Open the file in mode "rb"/,
    /^Invalid .*chunks are of the type str /,
    /^Invalid Cannot use the part "": .*part=/,
    /^Invalid Cannot use the part "a@b": .*part=/,
    /^NotFound .*no such file/,
    /^Invalid .*\.\.\/x/,
    /^Invalid .*empty/,
    /^NotFound .*nothing was added/,
    /^NotFound .*/,
    /^the source is broken$/,
    /^Invalid .*"x"/,
    /^a@1\.0\.0 \['2'\]$/,
    /^Conflict .*committed as 1\.0\.0 Open another draft with another id\.$/,
    /^Conflict .*committed as 1\.0\.0/, // before an endless stream is read
    /^Conflict .*other parts/,
    /^True discarded$/,
    /^Unsupported Cannot start a service/, // which a folder needs for writes
  ];
  for (const [at, pattern] of expected.entries()) assertMatch(lines[at] ?? "", pattern);
  assertEquals(lines.length, expected.length);
  assert(!lines.some((line) => line.startsWith("returned")));
  assertEquals(await contentOf(registry, "a"), { x: "2" });
});
