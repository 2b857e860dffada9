// The way of a saved file from `save` to the request that stores it.
import { assert, assertLessOrEqual } from "@std/assert";
import { CONTENTS, framesOfSave } from "../support/frames.ts";

const MOST_FRAMES = 12, MOST_FILES = 8;

for (const [kind, content] of Object.entries(CONTENTS)) {
  Deno.test(`few calls lie between save and the store: ${kind}`, async () => {
    const frames = await framesOfSave(content);
    const files = new Set(frames.map((line) => /[\w/]+\.ts(?=:)/.exec(line)?.[0]));
    const trace = `${frames.length} frames in ${files.size} files:\n${frames.join("\n")}`;
    assert(/(\.|as )save\b/.test(frames.at(-1) ?? ""), `no frame of save: ${trace}`);
    assertLessOrEqual(frames.length, MOST_FRAMES, trace);
    assertLessOrEqual(files.size, MOST_FILES, trace);
  });
}
