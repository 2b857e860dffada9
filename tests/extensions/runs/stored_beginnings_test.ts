// Beginnings of runs as earlier commits stored them.
import { assertEquals } from "@std/assert";
import { openRegistry } from "../../../mod.ts";
import { finishRun, openRun, readLoggedRun } from "../../../extensions/runs/mod.ts";

const WRITER = "begun-00001-01900000-0000-7000-8000-000000000001";
/** Was stored so that other programs finish no run whose changes they do not read. */
const AGAIN = "begun-00000-00000000-0000-0000-0000-000000000000";
const MARKED = `{"startedAt":"2026-11-28T00:00:00.000Z","meta":true,"params":{"no parameter":-0}}`;
const PLAIN = `{"startedAt":"2026-11-27T00:00:00.000Z","params":{"rate":0.1}}`;

const STORED: [what: string, parts: Record<string, string>, params: object][] = [
  ["with params that are none", { [WRITER]: MARKED }, {}],
  ["with parameters", { [WRITER]: PLAIN }, { rate: 0.1 }],
  ["written again", { [WRITER]: PLAIN, [AGAIN]: MARKED }, { rate: 0.1 }],
];

for (const [what, parts, params] of STORED) {
  Deno.test(`a stored beginning ${what} is read, and its run goes on`, async () => {
    const registry = await openRegistry("memory:");
    const draft = await registry.openDraft("m", { id: "run:1" });
    for (const [part, text] of Object.entries(parts)) {
      await draft.addPart(part, [{ path: "run.json", content: new TextEncoder().encode(text) }]);
    }
    assertEquals((await readLoggedRun(registry, "m", { id: "1" })).params, params);
    const run = await openRun(registry, "m", { id: "1", params: { depth: 2 } });
    run.log({ loss: 1 });
    await run.flush();
    const { version } = await finishRun(registry, "m", { id: "1" });
    assertEquals((await registry.info(`m@${version}`)).metadata.params, { ...params, depth: 2 });
  });
}

for (const by of [{ name: 7 }, { name: "a\nb" }, { token: "t" }, "ann", []]) {
  Deno.test(`a run that ${JSON.stringify(by)} began has no author`, async () => {
    const registry = await openRegistry("memory:");
    const draft = await registry.openDraft("m", { id: "run:1" });
    const content = new TextEncoder().encode(JSON.stringify({ ...JSON.parse(MARKED), by }));
    await draft.addPart(WRITER, [{ path: "run.json", content }]);
    assertEquals((await readLoggedRun(registry, "m", { id: "1" })).by, undefined);
  });
}
