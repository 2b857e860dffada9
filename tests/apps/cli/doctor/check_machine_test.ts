import fs from "node:fs";
import { assertEquals, assertMatch } from "@std/assert";
import { checkSync } from "../../../../apps/cli/doctor/check_machine.ts";
import { fsError, withPatchedFs } from "../../../backends/patched_fs.ts";
import { testInRoot } from "../../../support/temp_root.ts";

for (const code of ["EINVAL", "EBADF", "ENOTSUP", "ENOSYS"]) {
  testInRoot(`a disk that answers ${code} to syncs of folders gets a warning`, async ({ path }) => {
    const isFolder = (file: number) => fs.fstatSync(file).isDirectory();
    const check = await withPatchedFs((real) => ({
      fsync: (file: number, done: (error: Error | null) => void) =>
        isFolder(file) ? done(fsError(code)) : real.fsync(file, done),
    }), () => checkSync(path, { hint: ({ hint }) => hint }));
    assertEquals([check?.what, check?.verdict], ["durability", "warn"]);
    assertMatch(`${check?.found}`, /cannot sync folders: a power cut may undo/);
    assertEquals(await checkSync(path, { hint: ({ hint }) => hint }), undefined);
  });
}
