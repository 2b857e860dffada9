// Mistakes of plugins, behaviors and tasks.
import type { Mutant } from "../../mutant.ts";

const CROSSING = "tests/plugins/crossing_test.ts";
const BEHAVIORS = "tests/plugins/behaviors_test.ts";

/** Mistakes of plugins, behaviors and tasks. */
export const PLUGINS: readonly Mutant[] = [
  {
    name: "plugins/settings-are-the-callers",
    file: "plugins/sets/config.ts",
    text: "copied(value, Object.freeze) as T",
    replacement: "copied(value, (copy) => copy) as T",
    foundBy: { test: "tests/plugins/properties_test.ts", name: "configurations are never changed" },
  },
  {
    name: "plugins/a-spelling-of-a-secret-travels",
    file: "plugins/sets/config.ts",
    text: "...Object.keys(aliases).filter((key) => secrets.includes(aliases[key]))",
    replacement: "",
    foundBy: { test: CROSSING, name: "secrets never travel" },
  },
  {
    name: "plugins/passwords-travel-in-urls",
    file: "plugins/tasks/check_chain.ts",
    text: "if (PASSWORD.test(JSON.stringify(config)))",
    replacement: "if (false)",
    foundBy: { test: CROSSING, name: "secrets never travel" },
  },
  {
    name: "plugins/an-unknown-runner-is-trusted",
    file: "plugins/tasks/run_chain.ts",
    text: "checkChain({ ...rest, entries: [CROSSING, ...rest.entries] }, tools.table);",
    replacement: "",
    foundBy: { test: CROSSING, name: "a runner of which nobody said that it crosses" },
  },
  {
    name: "plugins/any-artifact-is-an-input",
    file: "plugins/tasks/travel.ts",
    text: "|| !/^jobs:(input|result)@[^/]+$/.test(ref)",
    replacement: "",
    foundBy: { test: CROSSING, name: "a call loads nothing from the registry" },
  },
  {
    name: "plugins/a-job-delivered-twice-schedules-two",
    file: "plugins/tasks/task_set.ts",
    text: "isJob: true",
    replacement: "isJob: false",
    foundBy: { test: CROSSING, name: "a job knows its id" },
  },
  {
    name: "plugins/a-lost-answer-schedules-again",
    file: "plugins/tasks/chain.ts",
    text: "returned.shift() ??",
    replacement: "",
    foundBy: { test: BEHAVIORS, name: "retry around schedule_job schedules one job" },
  },
  {
    name: "plugins/the-whole-ends-nothing-inside",
    file: "plugins/tasks/run_chain.ts",
    text: "AbortSignal.any([signal, options.signal])",
    replacement: "options.signal",
    foundBy: { test: "tests/plugins/abort_test.ts", name: "what ends the whole ends" },
  },
  {
    name: "plugins/a-timer-is-left-behind",
    file: "plugins/behaviors/attempts.ts",
    text: "        done.abort();\n",
    replacement: "",
    foundBy: { test: BEHAVIORS, name: "timeout leaves no timer behind" },
  },
  {
    name: "plugins/paths-of-a-folder-are-folded",
    file: "plugins/storage.ts",
    text: 'layout: "plain", ',
    replacement: "",
    foundBy: {
      test: "tests/plugins/storage_test.ts",
      name: "a storage in a folder does what storages do",
    },
  },
  {
    name: "plugins/retries-what-cannot-succeed",
    file: "plugins/behaviors/attempts.ts",
    text: "!maySucceed(error) || ",
    replacement: "",
    foundBy: { test: "tests/plugins/behaviors_test.ts", name: "retry gives the last failure" },
  },
  {
    name: "plugins/retries-with-a-spent-stream",
    file: "plugins/behaviors/attempts.ts",
    text: " || isSpent(input)",
    replacement: "",
    foundBy: { test: "tests/plugins/behaviors_test.ts", name: "retry gives the last failure" },
  },
  {
    name: "plugins/cached-for-ever",
    file: "plugins/behaviors/cache.ts",
    text: "found.until > system.monotonic()",
    replacement: "found.until > 0",
    foundBy: { test: "tests/plugins/behaviors_test.ts", name: "cache remembers results" },
  },
  {
    name: "plugins/input-without-a-key",
    file: "plugins/tasks/travel.ts",
    text: "    idempotencyKey: jobId,\n",
    replacement: "",
    foundBy: { test: "tests/plugins/crossing_test.ts", name: "a large input goes by the registry" },
  },
  {
    name: "plugins/at-the-limit",
    file: "plugins/tasks/travel.ts",
    text: "bytes > MOST_TRAVELLING_BYTES && registry",
    replacement: "bytes >= MOST_TRAVELLING_BYTES && registry",
    foundBy: { test: "tests/plugins/crossing_test.ts", name: "an input of 64 KiB travels" },
  },
  {
    name: "plugins/reserved-members-travel",
    file: "plugins/tasks/travel.ts",
    text: "plainProblem(outline) ?? reservedProblem(outline)",
    replacement: "plainProblem(outline)",
    foundBy: {
      test: "tests/plugins/crossing_test.ts",
      name: "a call loads nothing from the registry",
    },
  },
  {
    name: "plugins/a-folder-is-a-file",
    file: "plugins/storage/backend_storage.ts",
    text: ' && !path.endsWith("/")',
    replacement: "",
    foundBy: { test: "tests/plugins/storage_test.ts", name: "a storage in memory does" },
  },
  {
    name: "plugins/storage-create-overwrites",
    file: "plugins/storage/backend_storage.ts",
    text: "if (outcome.written) return",
    replacement: "if (outcome !== undefined) return",
    foundBy: { test: "tests/plugins/storage_test.ts", name: "a storage in memory does" },
  },
];
