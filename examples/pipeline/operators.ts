// The code of the example's steps.
import { createReadStream, createWriteStream } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { parseCsv } from "@holdfast/holdfast/formats/csv";
import { createOperators, defineOperator, EXIT_CODES } from "@holdfast/holdfast/operators";
import type { OperatorContext, OperatorContract } from "@holdfast/holdfast/operators";
import { readExamples, writeExamples } from "./examples_file.ts";
import { accuracy } from "./model.ts";

/** The operators by their names, as `pipeline.yaml` refers to them. */
export const operators = createOperators();

/** An operator that is a function of this file. Another version says that its code has changed: then it runs again. */
function inProcess(run: (context: OperatorContext) => Promise<number | void>): OperatorContract {
  return defineOperator({
    version: "1",
    run,
    command() {
      throw new Error("It runs in the process of the pipeline only: leave run_as: command out.");
    },
  });
}

const COLUMNS = ["id", "km", "kg", "hour", "rain", "late"];
const FEATURES = ["km", "kg", "rush hour", "rain"];

operators.register(
  "collect",
  inProcess(async ({ outputRoot, params }) => {
    const { rows, seed } = params as { rows: number; seed: number };
    await pipeline(
      Readable.from(madeUpTrips(rows, seed)),
      createWriteStream(`${outputRoot}/trips.csv`),
    );
  }),
);

operators.register(
  "clean",
  inProcess(async ({ inputRoot, outputRoot, params, logger }) => {
    const { longest_km } = params as { longest_km: number };
    const seen = new Set<string>();
    let read = 0;
    async function* kept(): AsyncGenerator<string> {
      yield `${COLUMNS}\n`;
      for await (const cells of tripsOf(`${inputRoot}/trips.csv`)) {
        read++;
        const numbers = cells.slice(1).map(Number);
        if (
          cells.includes("") || numbers.some(Number.isNaN) || numbers[0] > longest_km ||
          seen.has(cells[0])
        ) {
          continue;
        }
        seen.add(cells[0]);
        yield `${cells}\n`;
      }
    }
    await pipeline(Readable.from(kept()), createWriteStream(`${outputRoot}/trips.csv`));
    logger.info(`kept ${seen.size} of ${read} trips`);
  }),
);

operators.register(
  "features",
  inProcess(async ({ inputRoot, outputRoot, params }) => {
    const { test_share } = params as { test_share: number };
    const parts = {
      train: { rows: [] as number[], labels: [] as number[] },
      test: { rows: [], labels: [] },
    };
    for await (const [id, km, kg, hour, rain, late] of tripsOf(`${inputRoot}/trips.csv`)) {
      const part = Number(id) % 1000 < test_share * 1000 ? parts.test : parts.train;
      const isRush = [7, 8, 16, 17, 18].includes(Number(hour));
      (part.rows as number[]).push(Number(km) / 60, Number(kg) / 30, isRush ? 1 : 0, Number(rain));
      (part.labels as number[]).push(Number(late));
    }
    for (const [name, { rows, labels }] of Object.entries(parts)) {
      const examples = {
        names: FEATURES,
        rows: new Float32Array(rows),
        labels: new Uint8Array(labels),
      };
      await writeExamples(`${outputRoot}/${name}.bin`, examples);
    }
  }),
);

operators.register(
  "evaluate",
  inProcess(async ({ inputRoot, outputRoot, logger }) => {
    const model = JSON.parse(await readFile(`${inputRoot}/model/model.json`, "utf8"));
    const examples = await readExamples(`${inputRoot}/data/test.bin`);
    const metrics = { examples: examples.labels.length, accuracy: accuracy(model, examples) };
    logger.info(`accuracy ${metrics.accuracy.toFixed(3)} of ${metrics.examples} trips`);
    await writeFile(`${outputRoot}/metrics.json`, JSON.stringify(metrics));
  }),
);

operators.register(
  "publish",
  inProcess(async ({ inputRoot, params, registry, logger }) => {
    const { model, alias, least } = params as { model: string; alias: string; least: number };
    const { accuracy } = JSON.parse(await readFile(`${inputRoot}/metrics.json`, "utf8"));
    if (accuracy < least) {
      logger.error(`an accuracy of ${accuracy.toFixed(3)} is not enough: ${least}`);
      return EXIT_CODES.logic;
    }
    const { version } = await registry!.info(model);
    await registry!.setAlias(model, alias, version);
    logger.info(`${model}@${version} is ${alias}`);
  }),
);

/** The rows of a file below its heading. */
async function* tripsOf(path: string): AsyncGenerator<string[]> {
  let isHeading = true;
  for await (
    const { cells } of parseCsv(
      Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>,
    )
  ) {
    if (!isHeading) yield cells;
    isHeading = false;
  }
}

/** Trips that never were, the same for the same seed; some of them are broken, as data are. */
function* madeUpTrips(count: number, seed: number): Generator<string> {
  let state = seed;
  const random = () => (state = (state * 1664525 + 1013904223) % 2 ** 32) / 2 ** 32;
  yield `${COLUMNS}\n`;
  for (let id = 1; id <= count; id++) {
    const km = random() * 62;
    const kg = random() * 30;
    const hour = Math.floor(random() * 24);
    const rain = random() < 0.3 ? 1 : 0;
    const rush = [7, 8, 16, 17, 18].includes(hour) ? 1 : 0;
    const late = random() < 1 / (1 + Math.exp(5 - 0.09 * km - 0.05 * kg - 1.5 * rush - 1.2 * rain))
      ? 1
      : 0;
    const weight = random() < 0.01 ? "" : kg.toFixed(1);
    yield `${random() < 0.01 ? id - 1 : id},${km.toFixed(2)},${weight},${hour},${rain},${late}\n`;
  }
}
