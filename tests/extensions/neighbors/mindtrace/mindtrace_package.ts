// The real mindtrace packages, which `.ci/mindtrace/install` installs: several releases beside each other.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { join } from "@std/path";
import { realSystem } from "../../../../core/system.ts";
import { parsePythonJson } from "../../../../extensions/neighbors/mindtrace/python_json.ts";
import { IS_QUICK } from "../../../support/seeds.ts";
import { type TempRoot, testInRoot } from "../../../support/temp_root.ts";

const run = promisify(execFile);
const folder = realSystem.env("HOLDFAST_MINDTRACE");
const isInstalled = !IS_QUICK && folder !== undefined && existsSync(join(folder, "complete-1"));

/** Runs Python with a release of mindtrace; returns what it prints last, as JSON. */
export type RunMindtrace = (release: string, source: string, args?: string[]) => Promise<unknown>;

/**
 * Registers a test with the real packages. Where `HOLDFAST_MINDTRACE` does not name them it is ignored, visibly; with
 * `HOLDFAST_REQUIRE_SERVERS=1` it fails.
 */
export function testWithMindtrace(
  name: string,
  test: (root: TempRoot, python: RunMindtrace) => Promise<void>,
): void {
  const isRequired = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
  const reason = "HOLDFAST_MINDTRACE does not name what .ci/mindtrace/install makes";
  testInRoot(
    isInstalled || isRequired ? name : `${name}: left out, ${reason}`,
    async (root) => {
      if (!isInstalled) throw new Error(`Cannot test: ${reason}`);
      await mkdir(root.join("home"));
      await test(root, async (release, source, args = []) => {
        const program = root.join("program.py"); // zenml of 0.9.0 asks for the file of the program
        await writeFile(program, source);
        const { stdout } = await run(join(folder, "bin/python"), [program, ...args], {
          cwd: root.path,
          env: {
            HOME: root.join("home"),
            PATH: realSystem.env("PATH"),
            PYTHONPATH: `${join(folder, "peers", release)}:${root.path}`,
            ZENML_ANALYTICS_OPT_IN: "false",
            ZENML_LOGGING_VERBOSITY: "ERROR",
          },
        });
        return parsePythonJson(stdout.trim().split("\n").at(-1)!);
      });
    },
    { ignore: !isInstalled && !isRequired },
  );
}
