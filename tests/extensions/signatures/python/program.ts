// Programs in Python that sign and check, and their judge.
import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import { localPath, type Registry } from "../../../../mod.ts";
import { judgeTest } from "../../../judges/judge_test_case.ts";
import { ENVIRONMENT } from "../../../python/reader.ts";
import { findPython } from "../../../support/numpy.ts";
import { type TempRoot, tempRoot } from "../../../support/temp_root.ts";
import { type KeyPair, NAME } from "../signed.ts";

const execute = promisify(execFile);
const python = await findPython(
  "cryptography, model_signing, OpenSSL",
  undefined,
  "HOLDFAST_SIGNING_PYTHON",
);

export function signingTest(name: string, run: (root: TempRoot) => Promise<void>): void {
  const missing = python === undefined ? "no Python with model_signing" : undefined;
  judgeTest(name, missing, async () => {
    await using root = await tempRoot();
    await run(root);
  });
}

/** Prints the result of each line as JSON, or the code and the text of its error. */
const HEAD = `
import json, pathlib, sys
import holdfast
from pathlib import Path
where, token = sys.argv[1:3]
registry = holdfast.connect(where, token=token) if token else holdfast.open_registry(where)
name = ${JSON.stringify(NAME)}
def shown(call):
    try:
        value = call()
        print(json.dumps(getattr(value, "_asdict", lambda: value)()))
    except holdfast.HoldfastError as error:
        print(json.dumps({"error": error.code, "text": str(error)}))
`;

// deno-lint-ignore no-explicit-any -- what the program printed
export type Printed = any;

/** Runs lines of Python, and returns what they print. */
export async function python_(
  lines: string,
  { location, token = "" }: { location: string; token?: string },
  cwd: string,
): Promise<Printed[]> {
  const args = ["-c", HEAD + lines, location, token];
  const { stdout } = await execute(python!, args, { cwd, env: ENVIRONMENT });
  return stdout.trim().split("\n").map((line) => JSON.parse(line));
}

/** Runs `model_signing`. */
export async function judge(...words: string[]): Promise<string> {
  const { stdout, stderr } = await execute(python!, ["-m", "model_signing", ...words]);
  return stdout + stderr;
}

/** Saves a version with paths that are written in different ways in JSON. */
export async function savedFolder(registry: Registry, root: TempRoot): Promise<void> {
  const source = root.join("source");
  await mkdir(`${source}/déjà/b`, { recursive: true });
  await mkdir(`${source}/nothing`);
  const paths = ["déjà/b/a b.bin", "empty", "😀.bin", "～.bin", `"q" \u2028\u007f\t.bin`];
  for (const path of paths) {
    await writeFile(`${source}/${path}`, path === "empty" ? "" : path);
  }
  await registry.save(NAME, localPath(source));
}

export async function writeKeys(root: TempRoot, { privateKey, publicKey }: KeyPair): Promise<void> {
  await writeFile(root.join("key.pem"), privateKey);
  await writeFile(root.join("key.pub"), publicKey);
}
