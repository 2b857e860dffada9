// The requests that the benchmark of the service measures: `deno task bench --only worst`.
import { assertEquals } from "@std/assert";
import { createApp } from "../../../apps/server/app.ts";
import { openRegistry } from "../../../mod.ts";
import { openQueue } from "../../../queues/mod.ts";
import { keyOf, worstRequests } from "../../bench/service/worst/requests.ts";
import { fill } from "../../bench/service/worst/state.ts";
import { dav } from "../../../gateways/dav/dav.ts";
import { createS3Gateway } from "../../../gateways/s3/s3_gateway.ts";
import { hub } from "../../../gateways/hub/hub.ts";
import { pipelines } from "../../../operators/surface/pipelines.ts";
import { createJobsGateway } from "../../../queues/surface/jobs.ts";

Deno.test("every route has its worst request, or a reason why it needs none", async () => {
  await using registry = await openRegistry("memory:");
  await using queue = await openQueue("memory:");
  const gateways = [hub, dav, createS3Gateway(), pipelines, createJobsGateway(queue)];
  const { routes } = createApp(registry, { gateways });
  const found = new Set(routes.map(keyOf));
  const where = "add its request to tests/bench/service/worst/: without_body.ts or requests.ts";
  assertEquals(Object.keys(worstRequests(1)).sort(), [...found].sort(), where);
});

Deno.test("the worst requests are accepted, as far as they say", async () => {
  const scale = 0.005;
  await using registry = await openRegistry("memory:");
  await fill(registry, scale);
  const wrong: string[] = [];
  let count = 0;
  for (const [route, all] of Object.entries(worstRequests(scale))) {
    if (typeof all === "string") continue;
    for (const { title, before, sent, isRefused = false, isEndless } of all) {
      await using jobs = await openQueue("memory:");
      await jobs.add({ id: "j0", group: "g", kind: "k", data: null });
      const gateways = [hub, dav, createS3Gateway(), pipelines, createJobsGateway(jobs)];
      await using handler = createApp(registry, { gateways });
      const name = `new${count++}`;
      const ask = async (
        method: string,
        [path, body, given = {}]: ReturnType<typeof sent>,
      ): Promise<Response> => {
        const headers = typeof given === "string" ? { "content-type": given } : given;
        const url = `http://127.0.0.1${path.replace("NEW", name)}`;
        return await handler(new Request(url, { method, body, headers }));
      };
      const given = String(await before?.((method, ...sent) => ask(method, sent)));
      const answer = await ask(route.split(" ")[0]!, sent(given));
      if (isEndless) await answer.body?.cancel();
      else await answer.bytes();
      if ((answer.status >= 400) !== isRefused) wrong.push(`${answer.status} ${route}: ${title}`);
    }
  }
  assertEquals(wrong, []);
});
