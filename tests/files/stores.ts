import { createFileManager, type Files } from "../../files/mod.ts";
import { tempRoot } from "../support/temp_root.ts";
import { KINDS } from "./kinds.ts";

/** Registers a test that is run with each kind of store. */
export function testOnEach(name: string, run: (files: Files) => Promise<void>): void {
  for (const [kind, create] of Object.entries(KINDS)) {
    Deno.test(`${kind}: ${name}`, async () => {
      const root = await tempRoot();
      try {
        await run(await createFileManager({ it: create(root.join("files")) }).on("it"));
      } finally {
        await root.remove();
      }
    });
  }
}
