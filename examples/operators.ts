// deno run -A examples/operators.ts
//
// Operators as classes: found by key, one instance for each operator id, run without a pipeline.
// Use them: holdfast pipeline run --operators examples/operators.ts
import { createOperators, Operator, runOperator } from "@holdfast/holdfast/operators";
import type { OperatorContext } from "@holdfast/holdfast/operators";

/** The operators of the pipeline. */
export const operators = createOperators();

/** Leaves out what is empty, and what is there twice. */
@operators.register("data_cleaner_v1")
export class DataCleaner extends Operator {
  override async run({ inputRoot, outputRoot, logger }: OperatorContext): Promise<number> {
    logger.info(`Cleaning data in ${inputRoot}`);
    const lines = (await Deno.readTextFile(`${inputRoot}/data.csv`)).split("\n");
    const clean = [...new Set(lines.map((line) => line.trim()))].filter((line) => line !== "");
    await Deno.writeTextFile(`${outputRoot}/data.csv`, `${clean.join("\n")}\n`);
    await Deno.copyFile(`${inputRoot}/schema.json`, `${outputRoot}/schema.json`);
    return 0;
  }

  override command({ inputRoot, outputRoot }: OperatorContext): string[] {
    return ["python", "clean.py", "--input", inputRoot, "--output", outputRoot];
  }
}

/** Adds the sum of each row. */
@operators.register("feature_extractor_v1")
export class FeatureExtractor extends Operator {
  /** Asks first what every operator asks, then for the files that this one needs. */
  override async validateInput(context: OperatorContext): Promise<boolean> {
    if (!await super.validateInput(context)) return false;
    for (const name of ["data.csv", "schema.json"]) {
      const found = await Deno.stat(`${context.inputRoot}/${name}`).catch(() => undefined);
      if (found?.isFile) continue;
      context.logger.error(`Required file not found: ${name}`);
      return false;
    }
    return true;
  }

  /** A thrown error becomes the exit code: 2 for a missing file, else 3. */
  override async run({ inputRoot, outputRoot, logger }: OperatorContext): Promise<void> {
    const { columns } = JSON.parse(await Deno.readTextFile(`${inputRoot}/schema.json`)) as {
      columns: string[];
    };
    const [header, ...rows] = (await Deno.readTextFile(`${inputRoot}/data.csv`)).trimEnd().split(
      "\n",
    );
    const places = columns.map((column) => header.split(",").indexOf(column));
    const features = rows.map((row) => {
      const cells = row.split(",");
      return `${row},${places.reduce((sum, place) => sum + Number(cells[place]), 0)}`;
    });
    await Deno.writeTextFile(
      `${outputRoot}/features.csv`,
      `${[`${header},sum`, ...features].join("\n")}\n`,
    );
    logger.info(`Features of ${features.length} rows`);
  }

  override command(
    { inputRoot, outputRoot, workspaceRoot, operatorId }: OperatorContext,
  ): string[] {
    const folders = ["--input", inputRoot, "--output", outputRoot, "--workspace", workspaceRoot];
    return ["python", "extract_features.py", ...folders, "--operator-id", operatorId];
  }
}

/** Shows that there is one instance for each operator id. */
@operators.register("singleton_test")
export class SingletonTest extends Operator {
  override run(): number {
    return 0;
  }

  override command(): string[] {
    return ["python", "test.py"];
  }
}

if (import.meta.main) {
  const root = await Deno.makeTempDir();
  const [raw, clean, features] = ["raw", "clean", "features"].map((name) => `${root}/${name}`);
  await Deno.mkdir(raw);
  const say = (text: string) => console.log(`  ${text.replaceAll(root, "…")}`);
  const logger = { debug: say, info: say, warn: say, error: say };
  const run = (key: string, inputRoot: string, outputRoot: string) =>
    runOperator(operators.get(key), { operatorId: key, inputRoot, outputRoot, logger });

  console.log(`There are: ${operators.names().join(", ")}`);

  // 1. An input without the files that are needed: the exit code says so, and nothing ran.
  await Deno.writeTextFile(`${raw}/data.csv`, "a,b\n1,2\n\n1,2\n3,4\n");
  const early = await run("feature_extractor_v1", raw, features);
  console.log(`1. feature_extractor_v1 ended with ${early.exitCode} (${early.exit})`);

  // 2. One after the other: a pipeline does the same, from its configuration.
  await Deno.writeTextFile(`${raw}/schema.json`, '{ "columns": ["a", "b"] }');
  const cleaned = await run("data_cleaner_v1", raw, clean);
  const extracted = await run("feature_extractor_v1", clean, features);
  console.log(`2. ended with ${cleaned.exitCode} and ${extracted.exitCode}:`);
  console.log(
    (await Deno.readTextFile(`${features}/features.csv`)).trimEnd().replaceAll(/^/gm, "  "),
  );

  // 3. One instance for each operator id, however often it is asked for, also at once.
  const [one, two] = await Promise.all(
    ["nightly", "nightly"].map((id) => operators.instance("singleton_test", id)),
  );
  const other = await operators.instance("singleton_test", "hourly");
  console.log(
    `3. the same operator id, the same instance: ${one === two}; another id, another one: ${
      one !== other
    }`,
  );

  await Deno.remove(root, { recursive: true });
}
