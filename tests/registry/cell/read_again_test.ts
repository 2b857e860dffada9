import { assert, assertEquals } from "@std/assert";
import type { FileToSave } from "../../../core/materializer.ts";
import { type FileSet, fileSet, filler, GRACE_MS, testProtocol } from "../protocol_world.ts";
import { rejected } from "../rejected.ts";

const KEPT = filler("kept", 300_000);
const FILES: FileToSave[] = [
  { path: "kept", content: KEPT },
  { path: "added", content: filler("added", 300_000) },
];

/** Returns other files at the second call. */
function thenOther(...files: FileToSave[]): FileSet {
  let calls = 0;
  return async function* () {
    yield* await Promise.resolve(calls++ === 0 ? FILES : files);
  };
}

async function* each<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) yield await Promise.resolve(item);
}

const ways: Record<string, () => FileSet> = {
  "no files": () => thenOther(),
  "fewer files": () => thenOther(FILES[0]),
  "another small file": () => thenOther({ path: "kept", content: filler("other", 10) }),
  "other bytes": () => thenOther(FILES[0], { path: "added", content: filler("other", 300_000) }),
  "another path": () => thenOther(FILES[0], { ...FILES[1], path: "other" }),
  "another mode": () => thenOther(FILES[0], { ...FILES[1], mode: "executable" }),
  "one iterator for all calls": () => {
    const once = each(FILES);
    return () => once;
  },
  "an iterator in the value": () => {
    const rows = FILES.values();
    return () => each(rows);
  },
};

for (const [way, value] of Object.entries(ways)) {
  testProtocol(
    `a save whose files differ when they are read again fails: ${way}`,
    async ({ registry, backend, advance }) => {
      await registry.save("a", { kept: KEPT }, { as: fileSet });
      backend.answer({ verb: "put", key: /^objects\/.*\d$/ }, async (act) => {
        await registry.delete("a@1");
        advance(GRACE_MS / 7); // more than half of the time in which a save must end
        return await act();
      });
      const save = registry.save("a", value(), { as: fileSet });
      const { message } = await rejected("TaskFailed", save);
      assert(message.includes("read again"), message);
      assertEquals(await registry.has("a"), false);
    },
  );
}
