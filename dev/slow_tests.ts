// The tests that only `deno task test:all` runs because they start programs, and the order of long ones.

/**
 * Tests that only `deno task test:all` runs, each file in an isolate of its own: they take long, or measure the memory of
 * their process. Tests on real servers and in a browser are not listed: without a server they skip themselves.
 */
export const ALONE: readonly string[] = [
  "tests/apps/entry_points/entry_points_test.ts",
  "explorer/tests/acting_test.ts",
  "explorer/tests/previews_browser_test.ts",
  "explorer/tests/site_test.ts",
  "explorer/tests/views_test.ts",
  "tests/apps/permissions_test.ts",
  "tests/files/processes/attack",
  "tests/operators/runner/carry/kill_test.ts",
  "tests/queues/kill_test.ts",
  "tests/registry/processes/attacks",
  "tests/registry/processes/changed_file_test.ts",
  "tests/registry/processes/earlier_programs_test.ts",
  "tests/registry/processes/processes_test.ts",
  "tests/servers/r2_test.ts",
  "tests/servers/worker_test.ts",
  "tests/judges/linearizability",
  "tests/workers/memory_test.ts",
  // builds, examples, what is published
  "tests/dev/bundles_test.ts",
  "tests/dev/install_test.ts",
  "tests/dev/npm_test.ts",
  "tests/docs/first_hour_test.ts",
  "tests/examples_test.ts",
];

/**
 * Tests that only `deno task test:all` runs, some files in an isolate: they start programs, threads or builds, and mostly
 * wait.
 */
export const WITH_PROGRAMS: readonly string[] = [
  // programs that save, read, are killed, are interrupted, or may do little
  "tests/apps/cli_process_test.ts",
  "tests/apps/client/browser_test.ts",
  "explorer/tests/bundle_test.ts",
  "tests/apps/interrupt_test.ts",
  "tests/apps/mcp/stdio_test.ts",
  "tests/apps/pty_test.ts",
  "tests/apps/cli/commands/batch",
  "tests/apps/cli/commands/pipelines/engine_test.ts",
  "tests/apps/cli/commands/pipelines/follow_logs_test.ts",
  "tests/apps/cli/commands/pipelines/init_test.ts",
  "tests/apps/cli/commands/pipelines/stopped_run_test.ts",
  "tests/apps/server/listen/descriptors_test.ts",
  "tests/apps/server/node_test.ts",
  "tests/apps/uncaught_error_test.ts",
  "tests/apps/cli/commands/completions_test.ts",
  "tests/apps/cli/commands/places/doctor_permissions_test.ts",
  "tests/apps/cli/commands/services/mount_test.ts",
  "tests/apps/cli/completion/shells_test.ts",
  "tests/backends/gcs/process_test.ts",
  "tests/backends/local_processes_test.ts",
  "tests/disk/stage/killed_test.ts",
  "tests/operators/engines/conformance_test.ts",
  "tests/operators/engines/local_processes_test.ts",
  "tests/operators/runner/step/killed_command_test.ts",
  "tests/operators/process/attack",
  "tests/operators/runner/killed_run_test.ts",
  "tests/operators/engines/persistent_test.ts",
  "tests/operators/process/run_command_test.ts",
  "tests/operators/runner/carry/share_run_test.ts",
  "tests/operators/runner/limits_test.ts",
  "tests/operators/runner/shards_test.ts",
  "tests/operators/runner/step/follow_links_test.ts",
  "tests/plugins/jobs/kill_test.ts",
  "tests/registry/cache/processes_test.ts",
  "tests/registry/drafts/killed_worker_test.ts",
  "tests/registry/processes",
  "tests/servers/start_server_test.ts",
  "tests/judges",
  // threads
  "tests/workers/batch_test.ts",
  "tests/workers/download_test.ts",
  "tests/workers/load_test.ts",
  "tests/workers/pool_test.ts",
  "tests/workers/save_test.ts",
  // builds, examples, what is published
  "tests/dev/deno_bundle_test.ts",
  "tests/dev/compile_test.ts",
  "tests/dev/install_servers_test.ts",
  "tests/dev/jsr_test.ts",
  "tests/docs/migrating/rows_test.ts",
  "tests/docs/recipes_test.ts",
  "tests/lazy_drivers_test.ts",
  "tests/publish_test.ts",
  "tests/apps/server/dav/rclone_test.ts",
  "tests/backends/bucket/connections_test.ts",
];

/** Files of `ALONE` that share an isolate, for both install the npm package. */
export const TOGETHER: Record<string, readonly string[]> = {
  npm_package: ["tests/dev/npm_test.ts", "tests/dev/bundles_test.ts"],
};

/**
 * The longest files and rooms begin first, so that none runs alone at the end: some mostly wait, and
 * some mostly work. Deno sorts modules by the length of their folder: all of a run are in one, so
 * they run in this order.
 */
export const FIRST: readonly string[] = [
  "npm_package",
  "servers_1",
  "tests/apps/entry_points/entry_points_test.ts",
  "explorer_2",
  "tests/servers/r2_test.ts",
  "python_2",
  "python_1",
  "apps_server_2",
  "tests/operators/runner/carry/kill_test.ts",
  "explorer_1",
  "registry_6",
  "registry_3",
  "registry_4",
  "tests/servers/worker_test.ts",
  "registry_5",
  "tests/registry/processes/attacks/attack_test.ts",
  "programs_5",
  "backends_1",
  "programs_3",
  "registry_7",
  "programs_8",
  "apps_cli_2",
  "programs_4",
  "programs_2",
  "explorer/tests/views_test.ts",
  "tests/dev/install_test.ts",
  "tests/judges/linearizability/linearizability_test.ts",
  "tests/files/processes/attack/attack_test.ts",
  "tests/examples_test.ts",
  "explorer/tests/previews_browser_test.ts",
  "files_1",
  "tests/registry/processes/changed_file_test.ts",
  "tests/queues/kill_test.ts",
  "formats_2",
  "programs_6",
  "tests/registry/processes/earlier_programs_test.ts",
  "explorer/tests/acting_test.ts",
  "tests/docs/first_hour_test.ts",
  "backends_2",
  "programs_1",
  "programs_7",
  "tests/apps/permissions_test.ts",
  "tests/registry/processes/processes_test.ts",
];
