// Refusals of uploads, as Python programs receive them.
import { assertEquals } from "@std/assert";
import { serve } from "../apps/server/listen/served.ts";
import { pythonTest, runProgram } from "./reader.ts";

const PROGRAM = `
import sys
import holdfast

registry = holdfast.connect(sys.argv[1], timeout=5)
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
