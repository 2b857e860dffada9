// The step `train` as a program of its own: it knows its folders and parameters by variables, and
// nothing of Holdfast. It could as well be written in Python.
import { writeFile } from "node:fs/promises";
import process from "node:process";
import { readExamples } from "./examples_file.ts";
import { accuracy, train } from "./model.ts";

const { INPUT_ROOT, OUTPUT_ROOT, HOLDFAST_PARAMS } = process.env as Record<string, string>;
const { rate, epochs } = JSON.parse(HOLDFAST_PARAMS);
const examples = await readExamples(`${INPUT_ROOT}/train.bin`);
const model = train(examples, { rate, epochs });
const metrics = { examples: examples.labels.length, accuracy: accuracy(model, examples) };
console.log(`${metrics.examples} examples, ${(100 * metrics.accuracy).toFixed(1)} % of them right`);
await writeFile(`${OUTPUT_ROOT}/metrics.json`, JSON.stringify(metrics));
await writeFile(`${OUTPUT_ROOT}/model.json`, JSON.stringify({ names: examples.names, ...model }));
