// The permissions of a folder in doctor: those of its owner, group and others.
import { assertEquals } from "@std/assert";
import { join } from "node:path";
import fs from "node:fs";
import { openRegistry } from "../../../../../mod.ts";
import { REPOSITORY } from "../../../../support/run_deno.ts";
import { testInRoot } from "../../../../support/temp_root.ts";

const GROUP = 65_532;
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;

/** Runs `doctor` as a member of the group who has no other rights, and returns one line of it. */
async function permissions(root: string, registry: string): Promise<string> {
  const options = [
    "run",
    "-A",
    "--quiet",
    "--no-check",
    `--config=${join(REPOSITORY, "deno.json")}`,
  ];
  const { stdout } = await new Deno.Command("setpriv", {
    args: [
      ...[`--groups=${GROUP}`, "--inh-caps=-all", "--bounding-set=-all", Deno.execPath()],
      ...[...options, join(REPOSITORY, "apps/cli.ts"), "doctor", "--no-probe", "-r", registry],
    ],
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  return /^(\w+ +permissions .*)$/m.exec(new TextDecoder().decode(stdout))?.[1]?.trim() ?? "";
}

testInRoot("doctor counts the permissions of groups", async (root) => {
  const path = root.join("registry");
  await (await openRegistry(path)).close();
  fs.chmodSync(root.path, 0o755);
  const below = fs.readdirSync(path, { recursive: true }) as string[];
  const cases: [mode: number, line: string][] = [
    [0o770, `ok    permissions   may read and write ${path}`],
    [0o750, `ok    permissions   may read, but not write ${path}`],
    [0o710, `FAIL  permissions   no permission to read ${path}`],
    [0o740, `FAIL  permissions   no permission to read ${path}`],
    [0o700, `FAIL  permissions   no permission to read ${path}`],
  ];
  for (const each of ["", ...below]) fs.chownSync(join(path, each), 65_533, GROUP);
  for (const [mode, line] of cases) {
    fs.chmodSync(path, mode);
    assertEquals(await permissions(root.path, path), line, mode.toString(8));
    assertEquals(fs.readdirSync(path).length > 0, true);
  }
}, { ignore: !isRoot });
