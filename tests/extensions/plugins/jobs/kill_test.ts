import { assert, assertEquals } from "@std/assert";
import { openRegistry } from "../../../../mod.ts";
import { createPlugins } from "../../../../extensions/plugins/mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { spawnDeno } from "../../../support/run_deno.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { watchProcess } from "../../../support/watch_process.ts";

const JOBS = 48;

programTest(
  "killed workers lose no job and repeat no effect",
  ["redis", "postgres"],
  async (servers) => {
    await using root = await tempRoot();
    const url = `${(await servers.shared()).url}?queue=killed-tasks`;
    const folder = root.join("registry");
    await using registry = await openRegistry(folder);
    await using plugins = createPlugins();
    plugins.defineTask("note", () => {});
    const task = plugins.createTask("note").addBehavior("schedule_job", {
      job_type: servers.kind,
      url,
    });
    const ids = Array.from({ length: JOBS }, (_, index) => `note-${index}`);
    for (const id of ids) await task.submit({ name: id }, { idempotencyKey: id });
    const start = (stay: string) =>
      watchProcess(
        spawnDeno("tests/extensions/plugins/jobs/kill_worker.ts", [url, folder, stay], {
          permissions: ["-A"],
        }),
      );
    const begun: string[] = [];
    for (const stay of ["before", "after", "no"]) {
      // Two at once; the third pair is killed while it goes from job to job.
      const workers = [start(stay), start(stay)];
      const lines = stay === "before" ? 4 : 8;
      for (const worker of workers) await worker.lines(lines);
      for (const worker of workers) {
        const { stdout } = await worker.stop("SIGKILL");
        begun.push(...stdout.split("\n").filter((line) => line.startsWith("begun")));
      }
    }
    const last = start("no");
    await using queue = await openQueue(url);
    for (const id of ids) {
      for await (const { job } of queue.watch(id)) {
        if (job.endedAt !== undefined) {
          assertEquals([id, job.state, job.result], [id, "done", { version: "1.0.0" }]);
        }
      }
    }
    const { stdout } = await last.stop("SIGKILL");
    begun.push(...stdout.split("\n").filter((line) => line.startsWith("begun")));
    assertEquals((await queue.list({ state: "done" })).length, JOBS);
    assert(begun.length > JOBS, `of ${JOBS} jobs ${begun.length} were begun: some twice`);
    for (const id of ids) {
      assertEquals((await Array.fromAsync(registry.versions(id))).map(({ version }) => version), [
        "1.0.0",
      ], id);
    }
  },
);
