// Downloads and saves of the Python package on a disk that ignores case and keeps no modes.
import { assertEquals } from "@std/assert";
import { readdirSync } from "node:fs";
import { localPath, openRegistry } from "../../../mod.ts";
import { exfatProblem, withExfat } from "../../disk/mounts/exfat_disk.ts";
import { judgeTest } from "../../judges/judge_test_case.ts";
import { python, runProgram } from "../reader.ts";
import { tempRoot } from "../../support/temp_root.ts";

const PROGRAM = `
import pathlib, sys
import holdfast
registry = holdfast.open_registry(sys.argv[1])
disk = pathlib.Path(sys.argv[2])
for name in ["twins", "folders", "sign", "link", "plain"]:
    try:
        registry.download(name, disk / name)
        print(name)
    except holdfast.HoldfastError as error:
        print(error.code, error)
from holdfast.values.serializers import files_at
print([(file.path, file.mode) for file in files_at(disk / "plain")[1]])
`;

const FILES: Record<string, string[]> = {
  twins: ["README", "readme"],
  folders: ["Data/a", "data/b"],
  sign: ["a?b"],
  link: ["a", "b ->"],
  plain: ["a", "run.sh"],
};

const problem = python === undefined ? "there is no Python" : exfatProblem();
judgeTest(
  "Python downloads to exFAT exactly, or not at all",
  problem,
  () =>
    withExfat(async (disk) => {
      const root = await tempRoot();
      const registry = await openRegistry(root.join("registry"));
      for (const [name, paths] of Object.entries(FILES)) {
        for (const path of paths) {
          const [file] = path.split(" ->");
          await Deno.mkdir(root.join(`${name}/${file}/..`), { recursive: true });
          if (path.endsWith("->")) await Deno.symlink("a", root.join(`${name}/${file}`));
          else await Deno.writeTextFile(root.join(`${name}/${file}`), path);
        }
        await registry.save(name, localPath(root.join(name)));
      }
      const lines = await runProgram(PROGRAM, { args: [root.join("registry"), disk] });
      const refused = (path: string, name: string, state: string) =>
        `Invalid Cannot download "${path}" of "${name}@1.0.0": its disk ${state}`;
      assertEquals(lines.filter((line) => !line.startsWith("hint:")), [
        refused("readme", "twins", "does not distinguish it from another file"),
        refused("data", "folders", "stores it under another name"),
        refused("a?b", "sign", "cannot store this name"),
        refused("b", "link", "has no symbolic links"),
        "plain",
        "[('a', None), ('run.sh', None)]",
      ]);
      assertEquals(readdirSync(disk), ["plain"]);
      await root.remove();
    }),
);
