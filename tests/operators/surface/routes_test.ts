import { assertEquals } from "@std/assert";
import { createAccess, parseScope } from "../../../apps/server/access/access.ts";
import { openRegistry, type Registry } from "../../../mod.ts";
import { saveRun } from "../../../operators/runner/records/run_record.ts";
import { pipelines } from "../../../operators/surface/pipelines.ts";
import { succeeds } from "../../apps/captured_io.ts";
import { createCheckedHandler } from "../../apps/server/checked_handler.ts";
import { slowTest } from "../../support/seeds.ts";
import { projectRoot } from "./commands/project.ts";

function serve(registry: Registry) {
  const handler = createCheckedHandler(registry, { gateways: [pipelines] });
  const send = (path: string, init?: RequestInit) =>
    handler(new Request(`http://localhost${path}`, init));
  const get = async (path: string) => await (await send(path)).json();
  return { get };
}

Deno.test("a run that has not ended is asked to stop, once", async () => {
  await using registry = await openRegistry("memory:");
  await using handler = createCheckedHandler(registry, { gateways: [pipelines] });
  const send = async (method: string, path: string) => {
    const response = await handler(new Request(`http://localhost${path}`, { method }));
    return await response.json();
  };
  assertEquals((await send("DELETE", "/runs/nightly%401")).code, "NotFound");
  await saveRun(
    registry,
    {
      kind: "plan",
      pipeline: "nightly",
      configuration: "0".repeat(64),
      steps: [],
    } as unknown as Parameters<typeof saveRun>[1],
  );
  assertEquals(await send("DELETE", "/runs/nightly%401"), { run: "nightly@1", asked: true });
  assertEquals(await send("DELETE", "/runs/nightly%401"), { run: "nightly@1", asked: false });
});

Deno.test("an odd record of a run neither ends the list of runs nor shows its name", async () => {
  await using registry = await openRegistry("memory:");
  const tokens = {
    find: (sent: string | null) =>
      Promise.resolve(createAccess("me", [parseScope(sent!.slice("Bearer ".length))])),
  };
  await using handler = createCheckedHandler(registry, { tokens, gateways: [pipelines] });
  const runs = async (scope: string) => {
    const headers = { authorization: `Bearer ${scope}` };
    const response = await handler(new Request("http://localhost/runs", { headers }));
    const { items, detail } = await response.json();
    return items?.map(({ run, end }: Record<string, string>) => `${run} ${end}`) ?? detail;
  };
  for (const pipeline of ["team/p", "nightly"]) {
    const plan = { kind: "plan", pipeline, configuration: "0".repeat(64), steps: [] };
    await saveRun(registry, plan as unknown as Parameters<typeof saveRun>[1]);
  }
  const record = (text: string) => new File([text], "record.json");
  await registry.save("team/p:result", record("{"), { version: "1.0.0" });
  await registry.save("team/p:run", record("{"), { version: "0.0.1" });
  await registry.save("team/q:run", record("{"), { metadata: { run: 1 } });
  await registry.save("nightly:result", record(JSON.stringify({ steps: { a: null } })), {
    version: "1.0.0",
  });
  assertEquals((await runs("admin")).toSorted(), ["nightly@1 unreadable", "team/p@1 unreadable"]);
  assertEquals(await runs("read:team/*"), ["team/p@1 unreadable"]);
  assertEquals(await runs("read:other"), []);
});

slowTest("a run has the metrics of its steps", async () => {
  await using root = await projectRoot();
  const script =
    'echo 1 > "$OUTPUT_ROOT/weights"; echo "{\\"loss\\": 0.5}" > "$OUTPUT_ROOT/m.json"';
  await succeeds([
    ...["pipeline", "run", "-q", "--set", `operators.train.script=${JSON.stringify(script)}`],
    ...["--set", "operators.train.metrics=m.json"],
  ], { cwd: root.path });
  await using registry = await openRegistry(root.join(".holdfast"));
  const { get } = serve(registry);
  const { steps } = await get("/runs/nightly%401");
  const metrics = steps.map((step: { metrics?: unknown }) => step.metrics);
  assertEquals(metrics, [undefined, { loss: 0.5 }, undefined]);
  const { metadata } = await get("/artifacts/model/versions/1.0.0");
  assertEquals(metadata.metrics, { loss: 0.5 });
  const found = await get("/search?q=metadata.metrics.loss%3C1+name%3Dmodel");
  assertEquals(found.total, 1);
});

Deno.test("runs are listed newest first, with their steps", async () => {
  await using root = await projectRoot();
  const { path: cwd } = root;
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q", { cwd });
  await succeeds("pipeline run -q --set pipeline.pipeline_id=other --operator clean", { cwd });
  await using registry = await openRegistry(root.join(".holdfast"));
  const { get } = serve(registry);
  const runsOf = ({ items }: { items: { run: string }[] }) => items.map(({ run }) => run);

  assertEquals(runsOf(await get("/runs")), ["other@1", "nightly@2", "nightly@1"]);
  assertEquals(runsOf(await get("/runs?pipeline=nightly")), ["nightly@2", "nightly@1"]);
  const page = await get("/runs?limit=2");
  assertEquals([runsOf(page), page.next], [["other@1", "nightly@2"], "nightly@2"]);
  const rest = await get(`/runs?limit=2&after=${encodeURIComponent(page.next)}`);
  assertEquals([runsOf(rest), rest.next], [["nightly@1"], undefined]);
  assertEquals(rest.items[0].counts, { ran: 3 });
  assertEquals(await get("/runs?after=none%401"), { items: [] });

  const { end, steps } = await get("/runs/nightly%401");
  const ends = steps.map(({ step, end }: { step: string; end: string }) => `${step} ${end}`);
  assertEquals([end, ...ends], ["ok", "clean ran", "train ran", "report ran"]);
  assertEquals((await get("/runs/nightly%409")).code, "NotFound");
  assertEquals((await get("/runs/nightly")).code, "Invalid");

  const { items: [attempt] } = await get("/runs/nightly%401/steps/train/attempts");
  assertEquals([attempt.end, attempt.log], ["ran", "log.txt"]);
  const [name, version] = attempt.ref.split("@").map(encodeURIComponent);
  const { files } = await get(`/artifacts/${name}/versions/${version}`);
  assertEquals(files.some(({ path }: { path: string }) => path === attempt.log), true);
  assertEquals((await get("/runs/nightly%401/steps/none/attempts")).code, "NotFound");
});
