// The Python package as a process that answers questions, and what the product answers to the same.
import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { createAccess, parseScope } from "../../apps/server/access/access.ts";
import { createHandler, type HandlerOptions } from "../../apps/server.ts";
import { isRegistryError } from "../../core/errors.ts";
import type { Registry } from "../../core/registry.ts";
import { findPython } from "../support/numpy.ts";
import { REPOSITORY } from "../support/run_deno.ts";
import { type TempRoot, tempRoot } from "../support/temp_root.ts";

/** Lets a Python program import the package, as the repository has it. */
export const ENVIRONMENT: Record<string, string> = {
  PYTHONPATH: join(REPOSITORY, "python"),
  PYTHONDONTWRITEBYTECODE: "", // compiled once: a third of each start
};

/** The clock of retries in a program: that of a busy machine could end before an answer, and no test waits for it. */
export const CLOCK_OF_RETRIES = `
import time

now = 0.0
def sleep(seconds):
    global now
    now += seconds
time.sleep, time.monotonic = sleep, lambda: now
`;

/** A Python with everything that the reader can use, or undefined. */
export const python = await findPython(
  "backports.zstd, boto3, numpy, pyarrow, zstandard",
);

/** The end of the names of tests. */
export const why = python === undefined
  ? " (ignored: neither HOLDFAST_PYTHON nor python3 has boto3, numpy, pyarrow, zstandard and backports.zstd)"
  : "";

/** The location of a registry, for the reader. */
export interface Place {
  location: string;
  token?: string;
  /** Options of the client of boto3. */
  s3?: Record<string, unknown>;
}

export interface PythonReader extends AsyncDisposable {
  /** Asks `answer.py`; what it cannot do is `{ error, message }`. */
  ask<T = unknown>(question: { ask: string } & Record<string, unknown>): Promise<T>;
}

/** Starts a program that answers each line of JSON with one. */
export function startReader(
  program = "tests/python/answer.py",
  { command = python!, env = {} }: { command?: string; env?: Record<string, string> } = {},
): PythonReader {
  const child = spawn(command, [join(REPOSITORY, program)], {
    env: { ...ENVIRONMENT, AWS_EC2_METADATA_DISABLED: "true", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async ask<T>(question: Record<string, unknown>) {
      child.stdin.write(`${JSON.stringify(question)}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`The reader ended on ${JSON.stringify(question)}`);
      return JSON.parse(value).answer as T;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await ended;
    },
  };
}

/** Serves a registry to those who have the token, with these scopes. */
export function served(
  registry: Registry,
  scopes: string[] = ["read:*"],
  options: Pick<HandlerOptions, "redirect"> = {},
): Place & AsyncDisposable {
  const token = "hf_of-the-test";
  const access = createAccess("t", scopes.map(parseScope));
  const find = (header: string | null) =>
    Promise.resolve(header === `Bearer ${token}` ? access : undefined);
  const handler = createHandler(registry, { ...options, tokens: { find } });
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, handler);
  return {
    location: `http://127.0.0.1:${server.addr.port}`,
    token,
    async [Symbol.asyncDispose]() {
      await server.shutdown();
      await handler[Symbol.asyncDispose]();
    },
  };
}

/** Runs a Python program that imports the package. Returns the lines that it prints. */
export async function runProgram(
  program: string,
  { args = [], env = {}, cwd, command = python! }: {
    args?: string[];
    env?: Record<string, string>;
    cwd?: string;
    command?: string;
  } = {},
): Promise<string[]> {
  const options = { env: { ...ENVIRONMENT, ...env }, cwd, maxBuffer: 2 ** 26 };
  const { stdout } = await promisify(execFile)(command, ["-c", program, ...args], options);
  return stdout.trimEnd().split("\n");
}

/** Registers a test of the package. It is ignored where there is no Python. */
export function pythonTest(name: string, run: (root: TempRoot) => Promise<void>): void {
  Deno.test({
    name: `${name}${why}`,
    ignore: python === undefined,
    async fn() {
      await using root = await tempRoot();
      await run(root);
    },
  });
}

/** Returns the answer of `describe` in `answer.py`, computed by the product. */
export async function describe(registry: Registry): Promise<Record<string, unknown>> {
  const names = (await Array.fromAsync(registry.names())).toSorted();
  const described = names.map(async (name) => {
    const versions = (await Array.fromAsync(registry.versions(name))).map(({ version }) => version);
    const contents: Record<string, unknown> = {};
    for (const version of versions) {
      contents[version] = await orCode(() => describeVersion(registry, `${name}@${version}`));
    }
    const aliases = await orCode(async () => {
      const entries = await Array.fromAsync(registry.aliases(name));
      return Object.fromEntries(entries.map(({ alias, version }) => [alias, version]));
    });
    return [name, { versions, aliases, contents }];
  });
  return Object.fromEntries(await Promise.all(described));
}

async function describeVersion(registry: Registry, ref: string): Promise<unknown> {
  const artifact = await registry.open(ref);
  const { version, commit, digest, createdAt, materializer, metadata, inputs } = artifact.info;
  const files = artifact.files().map(async ({ info, bytes }) => ({
    path: info.path,
    mode: info.mode ?? null,
    modifiedAt: info.modifiedAt ?? null,
    mediaType: info.mediaType ?? null,
    sha256: createHash("sha256").update(await bytes()).digest("hex"),
  }));
  return {
    version,
    commit,
    digest,
    createdAt: asText(createdAt),
    materializer: materializer.id,
    metadata,
    inputs,
    files: await Promise.all(files),
  };
}

/** Its result, or the code of its error, as {@linkcode withoutMessages} leaves of the reader's. */
export async function orCode<T>(action: () => Promise<T>): Promise<T | { error: string }> {
  try {
    return await action();
  } catch (error) {
    if (isRegistryError(error)) return { error: error.code };
    throw error;
  }
}

export function withoutMessages(answer: unknown): unknown {
  return JSON.parse(
    JSON.stringify(
      answer,
      (_, value) =>
        value?.error !== undefined && "message" in value ? { error: value.error } : value,
    ),
  );
}

const asText = (time: Date | string) => typeof time === "string" ? time : time.toISOString();
