// The environment of a test beside the files of the repository: the machine, what is installed on it, and variables.
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { release } from "node:os";
import { promisify } from "node:util";
import { CHROMIUM } from "../../explorer/tests/support/browser.ts";

/** Variables that control what is held over. */
const OWN = ["HOLDFAST_ALL_TESTS", "HOLDFAST_PASSED"];
/** Variables of a shell, a terminal or a single run of a CI service, which no test reads. Tests get a new `TMPDIR` each run. */
const OF_A_RUN = new RegExp(
  "^(_|SHLVL|PWD|OLDPWD|INIT_CWD|TMPDIR|TERM|COLUMNS|LINES|WINDOWID|STY|INVOCATION_ID|JOURNAL_STREAM|SUDO_COMMAND|npm_config_local_prefix|npm_package_json" +
    "|(TERM|TMUX|SSH|XDG_SESSION|GITHUB|RUNNER|ACTIONS)_.*)$",
);
/** The packages of the system, where Debian lists them. */
const PACKAGES = "/var/lib/dpkg/status";

/** Returns the variables that may affect a test. */
export function variablesOfTests(
  variables: Readonly<Record<string, string>>,
): [string, string][] {
  return Object.entries(variables).sort()
    .filter(([name]) => !OWN.includes(name) && !OF_A_RUN.test(name));
}

/** Returns the environment of tests, as a string to compare. */
export async function environmentOfTests(): Promise<string> {
  const variables = Deno.env.toObject();
  const programs = [...pathsIn(variables["HOLDFAST_PROGRAMS"]), CHROMIUM, "node", "python3"];
  const versions = await Promise.all(programs.map((each) => outputOf(each, "--version")));
  const packages = await readFile(PACKAGES).catch(() => "none");
  const installed = createHash("sha256").update(packages).digest("hex");
  const machine = [Deno.build.target, release(), Deno.uid(), installed];
  return JSON.stringify([Deno.version, machine, versions, variablesOfTests(variables)]);
}

/** The paths in lines such as `node@22=/usr/bin/node`. */
function pathsIn(lines = ""): string[] {
  return lines.split("\n").map((line) => line.slice(line.indexOf("=") + 1)).filter(Boolean);
}

async function outputOf(program: string | undefined, ...args: string[]): Promise<string> {
  if (program === undefined) return "none";
  try {
    return (await promisify(execFile)(program, args)).stdout.trim();
  } catch {
    return "none";
  }
}
