import { assert, assertEquals } from "@std/assert";
import { createSamples, MOST_SAMPLES } from "../../../operators/monitor/samples.ts";

const sample = (atMs: number) => ({ atMs, bytes: atMs * 2, cpuSeconds: atMs / 1000, diskBytes: 1 });

Deno.test("samples are columns", () => {
  const samples = createSamples();
  for (const atMs of [0, 1000.4]) samples.add(sample(atMs));
  assertEquals(samples.columns(), {
    atMs: [0, 1000],
    bytes: [0, 2001],
    cpuSeconds: [0, 1],
    diskBytes: [1, 1],
  });
  assertEquals(createSamples().columns().atMs, []);
});

Deno.test("a long step has no more samples than a short one, evenly spread, the first and the last with them", () => {
  for (const count of [1, 4, 5, 6, 119, 120, 121, 239, 240, 241, 100_000]) {
    for (const most of [4, MOST_SAMPLES]) {
      const samples = createSamples(most);
      for (let atMs = 0; atMs < count; atMs++) samples.add(sample(atMs));
      const { atMs } = samples.columns();
      assert(atMs.length <= most, `${atMs.length} of ${count}`);
      assertEquals([atMs[0], atMs.at(-1)], [0, count - 1]);
      const steps = new Set(
        atMs.slice(0, -1).map((at, index) => atMs[index + 1] - at).slice(0, -1),
      );
      assert(steps.size <= 1, `${count}, ${most}: ${atMs}`);
      if (count >= most) assert(atMs.length > most / 3, `${atMs.length} of ${count}`);
    }
  }
});
