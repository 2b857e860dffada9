// The requests that the benchmark of the service measures: `deno task bench --only worst`.
import { assertEquals } from "@std/assert";
import { createApp } from "../../../apps/server/app.ts";
import { openRegistry } from "../../../mod.ts";
import { keyOf, worstRequests } from "../../bench/service/worst/requests.ts";
import { fill } from "../../bench/service/worst/state.ts";
import { openAllGateways } from "../../extensions/gateways/all_gateways.ts";

Deno.test("every route has its worst request, or a reason why it needs none", async () => {
  await using registry = await openRegistry("memory:");
  await using all = await openAllGateways();
  const own = new Set(createApp(registry, {}).routes.map(keyOf));
  const found = new Set(createApp(registry, { gateways: all.gateways }).routes.map(keyOf));
  const written = new Set(Object.keys(worstRequests(1)));
  const where = "add its request to tests/bench/service/worst/: without_body.ts or requests.ts";
  assertEquals([...own].filter((key) => !written.has(key)), [], where);
  // Those of gateways are made from their schemas, too: tests/extensions/gateways/judge_test.ts has all gateways.
  assertEquals([...written].filter((key) => !found.has(key)), []);
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
      await using all = await openAllGateways();
      const { gateways, queue } = all;
      await queue.add({ id: "j0", group: "g", kind: "k", data: null });
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
