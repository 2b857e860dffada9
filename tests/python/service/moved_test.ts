// Versions that Python has opened, while their aliases move.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import os, pathlib, sys
import holdfast
from holdfast.filesystem import HoldfastFileSystem

OLD, NEW = b"old " * 1_000_000, b"new " * 1_000_000
writer = holdfast.connect(sys.argv[1], token=sys.argv[2])

def save(content):
    pathlib.Path("w.bin").write_bytes(content)
    writer.save("m", pathlib.Path("w.bin"), alias="live")

for place in (sys.argv[1], sys.argv[3]):
    save(OLD)
    registry = holdfast.open_registry(place, token=sys.argv[2] if place.startswith("http") else None)
    artifact, files = registry.open("m@live"), HoldfastFileSystem(registry, skip_instance_cache=True)
    chunks = artifact.file().chunks()
    begun = [next(chunks), artifact.file().range(0, 8)]
    with files.open("m@live/w.bin", block_size=2**20) as file:
        begun.append(file.read(8))
        save(NEW)
        print(b"".join([begun[0], *chunks]) == OLD, artifact.file().range(8, 8), file.read() == OLD[8:])
    print(artifact.path("w.bin").read_bytes() == OLD, registry.load("m@live")[:4])
`;

pythonTest("a version that Python has opened stays while its alias moves", async (root) => {
  const location = root.join("registry");
  await using registry = await openRegistry(location, { cache: false });
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!, location];
  const env = { HOLDFAST_PYTHON_CACHE: root.join("cache") };
  const lines = await runProgram(PROGRAM, { args, cwd: root.path, env });
  const whole = ["True b'old old ' True", "True b'new '"];
  assertEquals(lines, [...whole, ...whole]);
});
