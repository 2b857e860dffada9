// The command that runs a script of a step.

/**
 * Runs the script `$1` in a shell that fails if any command of a pipe does: the program before a
 * pipe may have written half of its output. A `sh` without this option (dash) calls bash, which
 * then reads the script as dash does.
 */
const STRICT = `
(set -o pipefail) 2>/dev/null || exec bash --posix -O xpg_echo -e -o pipefail -c "$1" sh
set -o pipefail
eval "shift; $1"
`.trim();

/** Returns the command of a script, which ends at the first failure. */
export function scriptCommand(script: string): string[] {
  const hasPipe = script.replaceAll("||", "").includes("|");
  return hasPipe ? ["sh", "-e", "-c", STRICT, "sh", script] : ["sh", "-e", "-c", script];
}
