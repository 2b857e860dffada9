// Versions of made-up trainings, with their histories as CSV, JSON Lines and Parquet.
import { localPath, type Registry } from "../../../mod.ts";
import { parquet } from "../../../formats/parquet.ts";
import { png } from "../../../formats/png.ts";
import { createTable } from "../../../formats/tables/create_table.ts";
import { tempRoot } from "../../../tests/support/temp_root.ts";
import { bytesOf, writeFiles } from "./samples.ts";

export type HistoryForm = "csv" | "jsonl" | "parquet";

/** The steps of a run: `val_loss` in each fourth, and `lr`. */
export function historyOf(run: number, count: number) {
  return Array.from({ length: count }, (_, step) => ({
    step,
    epoch: Math.floor(step / 10),
    loss: 2 / (1 + step / (5 * run)) + (step % 2 === 0 ? 0.2 : 0),
    val_loss: step % 4 === 0 ? 2.5 / (1 + step / (5 * run)) : null,
    lr: 0.1 * 0.9 ** step,
  }));
}

export async function historyBytes(form: HistoryForm, rows: ReturnType<typeof historyOf>) {
  if (form === "parquet") {
    const columns = {
      step: "int64",
      epoch: "int64",
      loss: "number",
      val_loss: "number?",
      lr: "number",
    } as const;
    const exact = rows.map((row) => ({
      ...row,
      step: BigInt(row.step),
      epoch: BigInt(row.epoch),
    }));
    return await bytesOf(parquet({ compression: "gzip" }), createTable(columns, exact));
  }
  const lines = form === "jsonl" ? rows.map((row) => JSON.stringify(row)) : [
    Object.keys(rows[0]!).join(),
    ...rows.map((row) => Object.values(row).map((value) => value ?? "").join()),
  ];
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}

/** Saves runs with a history, a confusion matrix as an image and as a table, and metadata. */
export async function saveTrainings(
  registry: Registry,
  { name = "team:net", count = 5, forms = ["csv"] }: {
    name?: string;
    count?: number;
    forms?: readonly HistoryForm[];
  } = {},
): Promise<void> {
  for (let run = 1; run <= count; run++) {
    await using root = await tempRoot();
    const form = forms[(run - 1) % forms.length]!;
    const data = Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => i * run % 256);
    const image = { data, width: 16, height: 16, channels: 3, dtype: "uint8" as const };
    const matrix = `true,cat,dog\ncat,${90 + run},${10 - run}\ndog,5,95\n`;
    await writeFiles(
      root.path,
      new Map([
        [`history.${form}`, await historyBytes(form, historyOf(run, 60))],
        ["confusion.png", await bytesOf(png(), image)],
        ["confusion.csv", new TextEncoder().encode(matrix)],
      ]),
    );
    const metadata = { rate: 0.1 * run, optimizer: run % 2 === 0 ? "adam" : "sgd", layers: 4 };
    await registry.save(name, localPath(root.path), { metadata });
  }
}
