// Downloads and saves of the Python package on a share that belongs to another user.
import { assertEquals } from "@std/assert";
import { localPath, openRegistry } from "../../../mod.ts";
import { fuseTest, OF_ANOTHER_USER, runWithoutOwnership } from "../../disk/stage/fuse_folder.ts";
import { tempRoot } from "../../support/temp_root.ts";
import { ENVIRONMENT, python } from "../reader.ts";

const PROGRAM = `
import pathlib, sys
import holdfast
from holdfast.values.serializers import files_at
to = pathlib.Path(sys.argv[2], "out")
holdfast.open_registry(sys.argv[1]).download("tools", to)
print([(file.path, file.mode) for file in files_at(to)[1]])
`;

fuseTest(
  "Python downloads into a folder of another user, and saves it",
  OF_ANOTHER_USER,
  async (folder) => {
    await using root = await tempRoot();
    await Deno.mkdir(root.join("tools"));
    await Deno.writeTextFile(root.join("tools/a.csv"), "1");
    await Deno.writeTextFile(root.join("tools/run.sh"), "2", { mode: 0o755 });
    const registry = await openRegistry(root.join("registry"));
    await registry.save("tools", localPath(root.join("tools")));
    const args = ["-c", PROGRAM, root.join("registry"), folder];
    assertEquals(
      await runWithoutOwnership(python!, args, ENVIRONMENT),
      "[('a.csv', None), ('run.sh', None)]\n",
    );
  },
  python === undefined ? "there is no Python" : undefined,
);
