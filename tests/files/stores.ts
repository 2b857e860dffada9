import { createFileManager, type Files } from "../../files/mod.ts";
import { testInRoot } from "../support/temp_root.ts";
import { KINDS } from "./kinds.ts";

/** Registers a test with each kind of store. */
export function testOnEach(name: string, run: (files: Files) => Promise<void>): void {
  for (const [kind, create] of Object.entries(KINDS)) {
    testInRoot(`${kind}: ${name}`, async (root) => {
      await run(await createFileManager({ it: create(root.join("files")) }).on("it"));
    });
  }
}
