// The way of a request for a version from the handler to the request that reads its record.
import { assert, assertLessOrEqual } from "@std/assert";
import { framesOfGet, PATHS } from "../../../support/frames.ts";

const MOST_FRAMES = 22;

for (const path of PATHS) {
  Deno.test(`few calls lie between a handler and the store: GET ${path}`, async () => {
    const frames = await framesOfGet(path);
    const trace = `${frames.length} frames:\n${frames.join("\n")}`;
    assert(frames.at(-1)?.includes("apps/server/"), `no frame of the service: ${trace}`);
    assertLessOrEqual(frames.length, MOST_FRAMES, trace);
  });
}
