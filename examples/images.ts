// deno run --allow-read --allow-write --allow-env --allow-sys examples/images.ts
//
// A batch of images: save 24 PNG files on worker threads, load them again, and save a small copy of
// each that records its original.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRegistry, readLineage } from "@holdfast/holdfast";
import { type Image, png } from "@holdfast/holdfast/formats/png";
import { formatMaterializer } from "@holdfast/holdfast/materializers/formats";
import { createBatch } from "@holdfast/holdfast/workers";

const SIDE = 256;

/** Returns an image of a bright disk on a dark ground. */
function photograph(i: number): Image {
  const radius = 20 + 4 * i;
  const data = Uint8Array.from({ length: SIDE * SIDE }, (_, at) => {
    const [x, y] = [at % SIDE - SIDE / 2, Math.floor(at / SIDE) - SIDE / 2];
    return x * x + y * y < radius * radius ? 200 : 10;
  });
  return { data, width: SIDE, height: SIDE, channels: 1, dtype: "uint8" };
}

/** Returns a copy with every fourth pixel. */
function shrink({ data, width, height }: Image): Image {
  const [w, h] = [width / 4, height / 4];
  const small = Uint8Array.from(
    { length: w * h },
    (_, i) => data[4 * (i % w) + 4 * width * Math.floor(i / w)]!,
  );
  return { data: small, width: w, height: h, channels: 1, dtype: "uint8" };
}

const folder = await mkdtemp(join(tmpdir(), "holdfast-images-"));
{
  await using registry = await openRegistry(folder);
  registry.materializers.register(formatMaterializer(png()));
  await using batch = createBatch(registry, { workers: 2, memoryBudgetBytes: 64 * 1024 * 1024 });

  // Save them. Each input has its own outcome: a failure does not stop the others.
  const names = Array.from({ length: 24 }, (_, i) => `image:${String(i).padStart(2, "0")}`);
  const saved = await batch.saveMany(names.map((name, i) => ({ name, value: photograph(i) })));
  console.log(`saved ${saved.succeeded.length} of ${names.length}`);

  // Load them in order of completion, in bounded memory. One of the refs does not exist.
  const small: { name: string; value: Image; inputs: string[] }[] = [];
  for await (const outcome of batch.loadEach([...names, "image:99"])) {
    if (!outcome.ok) console.log(`image:99: ${outcome.error.code}`);
    else {
      const name = names[outcome.index]!;
      const value = shrink(outcome.value as Image);
      small.push({ name: name.replace("image", "small"), value, inputs: [`${name}@1.0.0`] });
    }
  }
  await batch.saveMany(small);

  // Each small image knows its original, and every stored byte is checked.
  const { edges } = await readLineage(registry, "small:07");
  console.log(`${edges[0]!.to} was made from ${edges[0]!.from}`);
  const { succeeded } = await batch.verifyMany(small.map(({ name }) => ({ ref: name })));
  console.log(`${succeeded.length} small images are intact`);
}
await rm(folder, { recursive: true });
