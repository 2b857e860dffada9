// Mistakes of where and how a step runs.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of where and how a step runs. */
export const STEPS: readonly Mutant[] = [
  {
    name: "steps/signal-keeps-operators",
    file: "operators/run_operator.ts",
    text: "{ once: true, signal: over }",
    replacement: "{ once: true }",
    foundBy: {
      test: "tests/operators/run_operator_test.ts",
      name: "an operator that has ended is not kept by the signal",
    },
  },
  {
    name: "steps/folder-that-stays-hides-the-end",
    file: "operators/context.ts",
    text: "force: true }).catch(() => {});",
    replacement: "force: true });",
    foundBy: {
      test: "tests/operators/run_operator_test.ts",
      name: "a temporary folder that cannot be removed",
    },
  },
  {
    name: "steps/endless-timer-comes-at-once",
    file: "operators/check_times.ts",
    text: "(ms >= 0 && ms <= MAX_TIMER_MS)",
    replacement: "ms >= 0",
    foundBy: {
      test: "tests/operators/run_operator_test.ts",
      name: "a time that no timer can wait is refused",
    },
  },
  {
    name: "steps/command-without-its-input",
    file: "operators/prepare.ts",
    text: "    ? await hasInputRoot(checked)",
    replacement: "    ? true",
    foundBy: {
      test: "tests/operators/prepare_test.ts",
      name: "a command that is no operator's needs its input root",
    },
  },
  {
    name: "steps/thread-that-ends-is-waited-for",
    file: "workers/operators/mod.ts",
    text: '    thread.on("exit", (code) => channel.close(threadEnded(job, code)));\n',
    replacement: "",
    foundBy: {
      test: "tests/workers/operators/executor_test.ts",
      name: "an operator that ends its thread",
    },
  },
  {
    name: "steps/print-is-not-heard",
    file: "workers/operators/program.ts",
    text: "Object.assign(console, logger, { log: logger.info });\n",
    replacement: "",
    foundBy: {
      test: "tests/workers/operators/executor_test.ts",
      name: "what it says and prints is heard",
    },
  },
  {
    name: "steps/step-variables-are-replaced",
    file: "operators/environment/conda_prefix.ts",
    text: ".filter(([name]) => options.env[name] === undefined)",
    replacement: "",
    foundBy: {
      test: "tests/operators/environment/activate_test.ts",
      name: "conda: variables of packages and people",
    },
  },
  {
    name: "steps/scripts-of-packages-are-not-read",
    file: "operators/environment/conda_prefix.ts",
    text: "isWindows || scripts.length === 0 ? []",
    replacement: "scripts.length > 0 ? []",
    foundBy: {
      test: "tests/operators/environment/command_test.ts",
      name: "scripts of an environment's packages are read",
    },
  },
  {
    name: "steps/environment-comes-last",
    file: "operators/environment/places.ts",
    text: '[...folders, ...rest === undefined || rest === "" ? [] : [rest]]',
    replacement: '[...rest === undefined || rest === "" ? [] : [rest], ...folders]',
    foundBy: {
      test: "tests/operators/environment/activate_test.ts",
      name: "uv: the programs of the project's environment come first",
    },
  },
  {
    name: "steps/uv-run-installs",
    file: "operators/environment/uv.ts",
    text: '      UV_NO_SYNC: "1",\n',
    replacement: "",
    foundBy: {
      test: "tests/operators/environment/activate_test.ts",
      name: "and uv itself leaves it as it is",
    },
  },
  {
    name: "steps/installed-unasked",
    file: "operators/environment/mod.ts",
    text: "  if (!install) return undefined;\n",
    replacement: "",
    foundBy: {
      test: "tests/operators/environment/activate_test.ts",
      name: "nothing is installed unless that is asked for",
    },
  },
  {
    name: "steps/failed-install-is-passed-over",
    file: "operators/runner/step/run_as_command.ts",
    text: "    if (made.exitCode !== EXIT_CODES.ok) return notMade(install, made);\n",
    replacement: "",
    foundBy: {
      test: "tests/operators/environment/command_test.ts",
      name: "install makes the environment first",
    },
  },
  {
    name: "steps/limit-of-the-end-is-forgotten",
    file: "operators/runner/step/run_attempt.ts",
    text: "  if (ended.exitCode === EXIT_CODES.ok && exceeded !== undefined) {",
    replacement: "  if (false) {",
    foundBy: {
      test: "tests/operators/runner/limits_test.ts",
      name: "a limit holds also for a step that has ended",
    },
  },
  {
    name: "steps/room-is-not-asked-for",
    file: "operators/monitor/disk.ts",
    text: "  if (free >= diskRequest) return;",
    replacement: "  if (free >= 0) return;",
    foundBy: {
      test: "tests/operators/runner/limits_test.ts",
      name: "a step that asks for more room",
    },
  },
  {
    name: "steps/samples-without-bound",
    file: "operators/monitor/samples.ts",
    text: "if (kept.length === most - 1) {",
    replacement: "if (kept.length < 0) {",
    foundBy: {
      test: "tests/operators/monitor/samples_test.ts",
      name: "a long step has no more samples",
    },
  },
  {
    name: "steps/last-sample-is-lost",
    file: "operators/monitor/samples.ts",
    text: "kept : [...kept, last]",
    replacement: "kept : kept",
    foundBy: {
      test: "tests/operators/monitor/samples_test.ts",
      name: "a long step has no more samples",
    },
  },
];
