// The folder of local copies, in which another user may have planted files.
import { assertEquals, assertMatch } from "@std/assert";
import { execFile } from "node:child_process";
import { chmod, mkdir, symlink } from "node:fs/promises";
import { promisify } from "node:util";
import { openRegistry } from "../../../mod.ts";
import { ENVIRONMENT, python, pythonTest } from "../reader.ts";

const PLANT = `
import hashlib, json, os, pathlib, sys, warnings
import holdfast
from holdfast.files.cache import cache_folder, key_of

registry = holdfast.open_registry("registry")
file = registry.open("model").files[0]
cache, evil = pathlib.Path(os.environ["HOLDFAST_PYTHON_CACHE"]), b"evil!"
key = key_of(file)
place = cache / key[:2] / key
(place / "files").mkdir(parents=True)
planted = place / "files" / file.path
planted.write_bytes(evil)
status = planted.lstat()
(place / "copied.json").write_text(json.dumps({file.path: [len(evil), status.st_mtime_ns]}))
owner = int(sys.argv[1])
if owner >= 0:
    for path in (place, *place.rglob("*")):
        os.chown(path, owner, owner)
with warnings.catch_warnings(record=True) as raised:
    warnings.simplefilter("always")
    path = registry.open("model").path(file.path)
    again = registry.open("model").path(file.path)
print(json.dumps({
    "evil": path.read_bytes() == evil,
    "same": path == again,
    "inside": cache in path.parents,
    "private": os.stat(cache_folder()).st_mode & 0o077,
    "warnings": [str(each.message) for each in raised],
}))
`;

interface Outcome {
  evil: boolean;
  same: boolean;
  inside: boolean;
  private: number;
  warnings: string[];
}

const isRoot = Deno.build.os !== "windows" && Deno.uid() === 0;

pythonTest("local copies come from no folder that another user can write to", async (root) => {
  await using registry = await openRegistry(root.join("registry"));
  await registry.save("model", new Uint8Array(100_000).fill(7));
  const cases: [folder: string, problem: RegExp | undefined, owner?: number][] = [
    ["everybody", /other users can write to it/],
    ["link", /it is a link/],
    ["own", undefined],
    ...isRoot
      ? [
        ["group", /its group can write to it/] as const,
        ["foreign", /it belongs to another user/] as const,
        ["planted", undefined, 65_533] as const,
      ] as [string, RegExp | undefined, number?][]
      : [],
  ];
  for (const [name, problem, owner = -1] of cases) {
    const folder = root.join(name);
    await mkdir(root.join(`${name}.real`));
    if (name === "link") await symlink(`${name}.real`, folder);
    else await mkdir(folder, { mode: 0o700 });
    if (name === "everybody") await chmod(folder, 0o1777);
    if (name === "group") {
      await chmod(folder, 0o770);
      await Deno.chown(folder, 0, 65_533);
    }
    if (name === "foreign") await Deno.chown(folder, 65_533, 65_533);
    const { stdout } = await promisify(execFile)(python!, ["-c", PLANT, `${owner}`], {
      cwd: root.path,
      env: { ...ENVIRONMENT, HOLDFAST_PYTHON_CACHE: folder },
    });
    const outcome: Outcome = JSON.parse(stdout);
    const isTrusted = problem === undefined;
    assertEquals({ ...outcome, warnings: outcome.warnings.length }, {
      evil: name === "own", // its owner may change it
      same: true,
      inside: isTrusted,
      private: 0,
      warnings: isTrusted ? 0 : 1,
    }, name);
    if (!isTrusted) assertMatch(outcome.warnings[0]!, problem);
  }
});
