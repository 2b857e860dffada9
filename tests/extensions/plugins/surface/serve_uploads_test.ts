import { assertEquals, assertMatch } from "@std/assert";
import { createPlugins } from "../../../../extensions/plugins/mod.ts";
import { workTasks } from "../../../../extensions/plugins/mod.ts";
import { openQueue } from "../../../../extensions/queues/mod.ts";
import { programTest } from "../../../support/servers/programs/program_tests.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { filledTest, fillRegistry, serving } from "../../../apps/captured_io.ts";

programTest(
  "serve passes uploads to a task of workers",
  "redis",
  async ({ shared }) => {
    await using root = await tempRoot();
    await fillRegistry(root.path);
    const queueUrl = `${(await shared()).url}?queue=serve-jobs`;
    const { line: url, stop, ended } = await serving(
      root.path,
      "--queue",
      queueUrl,
      "--upload-task",
      "measure",
    );

    const uploaded = await fetch(`${url}/upload?name=scan`, { method: "POST", body: "12345" });
    const { jobId } = await uploaded.json();
    assertEquals(uploaded.status, 202);
    const events = await fetch(`${url}/jobs/${jobId}/events`);

    await using queue = await openQueue(queueUrl);
    await using plugins = createPlugins();
    plugins.defineTask(
      "measure",
      ({ ref, size }: { ref: string; size: number }) => ({ ref, size }),
    );
    await using _worker = await workTasks(plugins, queue, {});
    const text = await events.text(); // until the job has ended
    const last = JSON.parse(/data: (.*)\n\n$/.exec(text)![1]);
    assertEquals([last.state, last.result], ["done", { ref: "scan@1.0.0", size: 5 }]);
    assertMatch(text, /^retry: \d+\n\nid: /);
    stop();
    assertEquals(await ended, 0);
  },
);

filledTest("serve reports what a task for uploads needs", async (it) => {
  await it.fails("serve --port 0 --upload-task measure", 2, "--queue redis://");
  const memory = await it.holdfast("serve --port 0 --queue memory:");
  assertEquals(memory.code, 2);
});
