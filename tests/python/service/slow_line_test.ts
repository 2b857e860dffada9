// Uploads over a slow line.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { pythonTest, runProgram, served } from "../reader.ts";

const PROGRAM = `
import sys, urllib.request
import holdfast

limits = []
opened = urllib.request.OpenerDirector.open

def recording(self, request, data=None, timeout=None):
    limits.append((len(request.data or b""), timeout))
    return opened(self, request, data, timeout)

urllib.request.OpenerDirector.open = recording
registry = holdfast.connect(sys.argv[1], token=sys.argv[2], timeout=3)
registry.save("a", bytes(8_000_000))
print([limit for size, limit in limits if size == 8_000_000])
print({limit for size, limit in limits if size < 2**20})
`;

pythonTest("an upload may take longer the more bytes it has", async () => {
  await using registry = await openRegistry("memory:");
  await using service = served(registry, ["read:*", "write:*"]);
  const args = [service.location, service.token!];
  assertEquals(await runProgram(PROGRAM, { args }), ["[12]", "{3}"]);
});
