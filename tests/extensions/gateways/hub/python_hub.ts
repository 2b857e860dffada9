// A registry behind `serve --hf`, and Python programs that use it through a proxy.
import { execFile } from "node:child_process";
import { createHandler, type HandlerOptions, listen } from "../../../../apps/server.ts";
import type { Registry } from "../../../../mod.ts";
import { realSystem } from "../../../../core/system.ts";
import { findPython } from "../../../support/numpy.ts";
import { type Proxy, startProxy } from "../../../support/proxy.ts";
import { tempRoot } from "../../../support/temp_root.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

/** A Python with the real packages. Undefined where `HOLDFAST_HF_PYTHON` names none. */
export const python = await findPython(
  "huggingface_hub, datasets, transformers",
  undefined,
  "HOLDFAST_HF_PYTHON",
);

/** Registers a test on the real packages. It is ignored without them, and fails where CI must have them. */
export function pythonTest(name: string, fn: () => Promise<void>): void {
  const isMeant = realSystem.env("HOLDFAST_REQUIRE_SERVERS") === "1";
  const reason = "no Python with huggingface_hub, datasets and transformers";
  Deno.test({
    name: python === undefined ? `${name} (left out: ${reason})` : name,
    ignore: python === undefined && !isMeant,
    fn: python === undefined ? () => Promise.reject(new Error(`Cannot test: ${reason}`)) : fn,
  });
}

export interface PythonRun {
  /** Lines of standard output. */
  lines: string[];
  stderr: string;
  code: number;
  /** The requests of the program: `HEAD /team/bert/resolve/main/a` and its range. */
  requests: string[];
}

export interface PythonHub extends AsyncDisposable {
  endpoint: string;
  proxy: Proxy;
  root: Awaited<ReturnType<typeof tempRoot>>;
  /** Runs a program whose cache is the same for all programs of this hub. */
  run(program: string, env?: Record<string, string>): Promise<PythonRun>;
  /** The same, of a program that must succeed. */
  succeeds(program: string, env?: Record<string, string>): Promise<PythonRun>;
}

export async function startPythonHub(
  registry: Registry,
  options: HandlerOptions = {},
): Promise<PythonHub> {
  const root = await tempRoot();
  const handler = createHandler(registry, { gateways: [hub], ...options });
  const server = await listen(handler, { port: 0, hasTokens: options.tokens !== undefined });
  const proxy = await startProxy(server.url);
  const fixed = {
    HF_ENDPOINT: proxy.endpoint,
    HF_HOME: root.join("hf"),
    HF_HUB_DISABLE_PROGRESS_BARS: "1",
    HF_HUB_DISABLE_TELEMETRY: "1",
    PATH: realSystem.env("PATH") ?? "",
    HOME: root.path,
  };
  const run: PythonHub["run"] = async (program, env = {}) => {
    const from = proxy.requests.length;
    const ran = await execute(program, { ...fixed, ...env });
    const requests = proxy.requests.slice(from)
      .filter(({ url }) => url !== "/api/agent-harnesses") // its version of the day
      .map(({ method, url, headers: { range } }) => `${method} ${url}${range ? ` ${range}` : ""}`);
    return { ...ran, requests };
  };
  return {
    endpoint: proxy.endpoint,
    proxy,
    root,
    run,
    async succeeds(program, env) {
      const ran = await run(program, env);
      if (ran.code !== 0) throw new Error(`The program failed:\n${ran.stderr}`);
      return ran;
    },
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.stop();
      await root[Symbol.asyncDispose]();
    },
  };
}

/** Threads of pyarrow may end a program that has done its work with `terminate called` (apache/arrow#45214). */
const LEAVE = "\nimport os, sys\nsys.stdout.flush()\nsys.stderr.flush()\nos._exit(0)\n";

function execute(program: string, env: Record<string, string>) {
  return new Promise<Omit<PythonRun, "requests">>((resolve) => {
    execFile(
      python!,
      ["-c", program + LEAVE],
      { env, maxBuffer: 2 ** 26 },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : Number(error.code) || 1;
        resolve({ code, stderr, lines: stdout.trim().split("\n") });
      },
    );
  });
}
