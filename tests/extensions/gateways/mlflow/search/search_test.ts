import { assertEquals } from "@std/assert";
import { createMemoryBackend } from "../../../../../backends/memory.ts";
import type { Backend } from "../../../../../backends/mod.ts";
import { notFound } from "../../../../../core/errors.ts";
import { wrapBackend } from "../../../../../core/work/wrap_backend.ts";
import { EndedRuns } from "../../../../../extensions/runs/mlflow/ended_runs.ts";
import { openRegistry } from "../../../../../mod.ts";
import { runIn } from "../../../../../extensions/runs/mlflow/stored_run.ts";
import { createScriptedSystem } from "../../../../support/scripted_system.ts";
import { type OpenMlflow, openMlflow, tokens } from "../open_mlflow.ts";

const EXPERIMENT = "xdigits";

async function ended(service: OpenMlflow, loss: number): Promise<string> {
  const run_id = await service.begin();
  await service.post("runs/log-metric", {
    run_id,
    key: "loss",
    value: loss,
    timestamp: 1,
    step: 0,
  });
  await service.end(run_id);
  return run_id;
}

async function found(service: OpenMlflow, query: Record<string, unknown> = {}): Promise<string[]> {
  const body = { experiment_ids: [EXPERIMENT], ...query };
  const { runs = [] } = await service.post("runs/search", body);
  return runs.map(({ info }: { info: { run_id: string } }) => info.run_id).sort();
}

/** Counts the objects that a store lists and reads. */
function counted(store: Backend): { backend: Backend; take(): number } {
  let count = 0;
  const backend = wrapBackend(store, {
    async *list(prefix, options) {
      for await (const entry of store.list(prefix, options)) {
        count++;
        yield entry;
      }
    },
    get(key, options) {
      count++;
      return store.get(key, options);
    },
  });
  return { backend, take: () => [count, count = 0][0]! };
}

Deno.test("a search after another reads only what is new", async () => {
  const { backend, take } = counted(createMemoryBackend());
  await using service = await openMlflow({ backend });
  const ids: string[] = [];
  const costs: number[] = [];
  for (const runs of [5, 20]) {
    while (ids.length < runs) ids.push(await ended(service, ids.length));
    assertEquals(await found(service), ids.toSorted());
    take();
    assertEquals(await found(service), ids.toSorted());
    costs.push(take() - runs); // the draft of each run is listed until it is collected
  }
  assertEquals(costs[1], costs[0]);
});

Deno.test("a search finds what another service has just written", async () => {
  const backend = createMemoryBackend();
  await using first = await openMlflow({ backend });
  await using second = await openMlflow({ backend });
  const one = await ended(first, 1);
  assertEquals(await found(second), [one]);
  const two = await ended(first, 2), three = await ended(second, 3);
  for (const service of [first, second]) {
    assertEquals(await found(service), [one, two, three].sort());
    assertEquals(await found(service, { filter: "metrics.loss > 2" }), [three]);
  }
  await first.post("runs/log-metric", {
    run_id: one,
    key: "loss",
    value: 5,
    timestamp: 9,
    step: 1,
  });
  assertEquals(await found(second, { filter: "metrics.loss > 2" }), [one, three].sort());
  const open = await first.begin();
  assertEquals(await found(second, { filter: "attributes.status = 'RUNNING'" }), [open]);
});

Deno.test("a search sees the deletes of its service at once, of others within a minute", async () => {
  const backend = createMemoryBackend();
  const system = createScriptedSystem();
  await using first = await openMlflow({ backend, system });
  await using second = await openMlflow({ backend });
  const ids: string[] = [];
  for (let n = 0; n < 4; n++) ids.push(await ended(first, n));
  assertEquals(await found(first), ids.toSorted());

  await first.post("runs/delete", { run_id: ids[1] });
  assertEquals(await found(first), [ids[0], ids[2], ids[3]].sort());
  assertEquals(await found(first, { run_view_type: "DELETED_ONLY" }), [ids[1]]);
  await first.post("runs/restore", { run_id: ids[1] });
  assertEquals(await found(first), ids.toSorted());
  const { version } = (await Array.fromAsync(first.registry.versions("digits")))[2]!;
  const url = `http://localhost/artifacts/digits/versions/${version}`;
  const { status } = await first.handler(new Request(url, { method: "DELETE" }));
  assertEquals(status < 300, true, `${status}`);
  assertEquals(await found(first), [ids[0], ids[2], ids[3]].sort());

  await second.post("runs/delete", { run_id: ids[3] }); // the newest
  assertEquals(await found(first), [ids[0], ids[2]].sort());
  await second.post("runs/delete", { run_id: ids[0] });
  await second.post("runs/restore", { run_id: ids[3] });
  assertEquals((await found(first)).includes(ids[3]!), true);
  system.advance(60_000);
  assertEquals(await found(first), [ids[2], ids[3]].sort());
});

Deno.test("a search shows no run of a name that its token may not read", async () => {
  const backend = createMemoryBackend();
  await using service = await openMlflow({ backend, tokens, token: "read:*,save:*" });
  const id = await ended(service, 1);
  assertEquals(await found(service), [id]);
  const body = JSON.stringify({ experiment_ids: [EXPERIMENT] });
  const headers = { authorization: "Bearer read:letters" };
  const answer = await service.send("POST", "2.0/mlflow/runs/search", { body, headers });
  assertEquals(await answer.json(), { runs: [] });
});

/** Remembers the runs of a name with versions, each of which has one parameter. */
async function remembering({ versions, length }: { versions: number; length: number }) {
  const registry = await openRegistry("memory:");
  for (let n = 0; n < versions; n++) await registry.save("a", n);
  const system = createScriptedSystem();
  const since = () => Promise.resolve({ mark: 0, names: [], isCut: false });
  const missing = new Set<string>(), read: string[] = [];
  const runs = new EndedRuns(registry, { system, deletes: { since } });
  const readRun: Parameters<EndedRuns["of"]>[1] = async (info) => {
    read.push(info.version);
    if (missing.has(info.version)) throw notFound("open", info.version, "it was deleted");
    const params = new Map([["text", "x".repeat(length)]]);
    return await { ...runIn(info), params, metrics: [] };
  };
  const found = async () => (await Array.fromAsync(runs.of("a", readRun))).flat().length;
  return { registry, system, missing, found, take: () => read.splice(0).length };
}

Deno.test("a search remembers about 100 MB of texts", async () => {
  for (const [length, again] of [[1_000_000, 0], [60_000_000, 2]] as const) {
    const { registry, found, take } = await remembering({ versions: 2, length });
    await using _ = registry;
    assertEquals([await found(), take()], [2, 2]);
    assertEquals([await found(), take()], [2, again], `${length}`);
  }
});

Deno.test("a run that is deleted while a search reads it is found once it is restored", async () => {
  const { registry, system, found, missing } = await remembering({ versions: 3, length: 1 });
  await using _ = registry;
  missing.add("2.0.0");
  assertEquals(await found(), 2);
  missing.clear();
  system.advance(60_000);
  assertEquals(await found(), 3);
});
