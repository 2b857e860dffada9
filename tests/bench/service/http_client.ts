// Small values through the client, beside `fetch` alone, from a service in a process of its own.
import { join } from "node:path";
import { openHttpRegistry } from "../../../apps/http_client.ts";
import { mapAtOnce } from "../../../core/work/at_once.ts";
import { openRegistry } from "../../../mod.ts";
import { timed } from "../measure.ts";
import type { BenchSettings, Group, Measure } from "../measure.ts";
import { startService } from "./uploads.ts";

/** Reads and saves of small values. */
export async function createHttpClientGroup({ folder, operations }: BenchSettings): Promise<Group> {
  const place = join(folder, "http_client");
  const registry = await openRegistry(place);
  const names = Array.from({ length: operations }, (_, i) => `value-${i}`);
  await registry.saveMany(names.map((name, i) => ({ name, value: { i, text: "x".repeat(150) } })));
  await registry[Symbol.asyncDispose]();
  const service = await startService(place);
  const client = await openHttpRegistry(service.url);
  const each = (read: (name: string) => Promise<unknown>) =>
    timed(async () => {
      for await (const _ of mapAtOnce(names, read)); // 16 at once
    });
  const json = async (path: string) => await (await fetch(`${service.url}/${path}`)).json();
  const raw = "fetch of the file alone, parsed";
  const info = "fetch of the version with its data";
  const measure = (name: string, run: Measure["run"], floor?: string): Measure => (
    { name, count: operations, unit: "op", run, floor }
  );
  const measures = [
    measure(raw, () => each((name) => json(`artifacts/${name}/versions/1.0.0/files/data.json`))),
    measure(info, () => each((name) => json(`artifacts/${name}/versions/1.0.0?data=65536`)), raw),
    measure("load() of a version", () => each((name) => client.load(`${name}@1.0.0`)), info),
    measure(
      "save() of a small value",
      () => each((name) => client.save(name, { text: "x".repeat(150) })),
    ),
  ];
  return {
    measures,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      await service[Symbol.asyncDispose]();
    },
  };
}
