// Folders mlruns, as MLflow writes them.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "@std/path";

export const RUN = "0123456789abcdef0123456789abcdef";
export const OTHER = "fedcba9876543210fedcba9876543210";

/** Writes files, by their paths. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
}

export function metaOf(values: Readonly<Record<string, string | number | null>>): string {
  return Object.entries(values).map(([key, value]) => `${key}: ${value}\n`).join("");
}

export function runMeta(values: Readonly<Record<string, string | number | null>> = {}): string {
  return metaOf({
    start_time: 1700000000000,
    end_time: 1700000009000,
    lifecycle_stage: "active",
    status: 3,
    run_name: "first",
    user_id: "ada",
    ...values,
  });
}

export const EXPERIMENT = { "7/meta.yaml": metaOf({ name: "team/digits", experiment_id: 7 }) };

/** A run with a value of each kind. */
export function runFiles(
  id = RUN,
  meta: Parameters<typeof runMeta>[0] = {},
): Record<string, string> {
  return {
    ...EXPERIMENT,
    [`7/${id}/meta.yaml`]: runMeta({
      run_id: id,
      artifact_uri: `file:///gone/mlruns/7/${id}/artifacts`,
      ...meta,
    }),
    [`7/${id}/params/rate`]: "0.1",
    [`7/${id}/params/opt/name`]: "sgd\nline",
    [`7/${id}/tags/mlflow.note.content`]: "a note",
    [`7/${id}/metrics/loss`]: "1700000001000 0.5 0\n1700000002000 0.25 1\n1700000002000 nan 2\n",
    [`7/${id}/metrics/val/auc`]: "1700000001000 inf 0\n1700000002000 1e-05\n",
    [`7/${id}/artifacts/model/w.bin`]: "weights",
    [`7/${id}/artifacts/note.txt`]: "hi",
  };
}

/** A registered model with two versions of that run. */
export function modelFiles() {
  const source = `file:///gone/mlruns/7/${RUN}/artifacts/model`;
  const version = (n: number, more: Record<string, string> = {}) =>
    metaOf({
      name: "clf",
      version: n,
      run_id: RUN,
      source,
      creation_timestamp: 1700000003000,
      ...more,
    });
  return {
    "models/clf/meta.yaml": metaOf({ name: "clf", description: "a classifier" }),
    "models/clf/tags/owner": "me",
    "models/clf/aliases/champion": "1",
    "models/clf/version-1/meta.yaml": version(1, { description: "one" }),
    "models/clf/version-1/tags/ok": "yes",
    "models/clf/version-2/meta.yaml": version(2, { current_stage: "Production" }),
  };
}
