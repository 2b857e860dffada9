// Operators for tests of threads.
import { threadId } from "node:worker_threads";
import process from "node:process";
import { createOperators, type OperatorContext } from "../../../operators/mod.ts";
import { realSystem } from "../../../core/system.ts";
import type { StandardSchema } from "../../../core/standard_schema.ts";
import { spin } from "../../support/spin.ts";

const command = () => ["true"];

const lr: StandardSchema<{ lr: number }> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate: (value) => {
      const { lr } = value as { lr?: unknown };
      return typeof lr === "number"
        ? { value: { lr } }
        : { issues: [{ message: "must be a number", path: ["lr"] }] };
    },
  },
};

export const operators = createOperators({
  upper: {
    async run({ inputRoot, outputRoot, logger, env, params }: OperatorContext) {
      for (const { name } of Deno.readDirSync(inputRoot)) {
        const text = await Deno.readTextFile(`${inputRoot}/${name}`);
        await Deno.writeTextFile(`${outputRoot}/text`, text.toUpperCase());
      }
      console.log("printed %d", 1);
      logger.warn(`thread ${threadId > 0} ${env.TOKEN} ${JSON.stringify(params)}`);
    },
    command,
  },
  ends: { run: ({ params }: OperatorContext) => params.code as number, command },
  throws: {
    run() {
      throw Object.assign(new TypeError("boom"), {
        cause: Object.assign(new Error("full"), { code: "ENOSPC" }),
      });
    },
    command,
  },
  picky: { run() {}, command, validateInput: () => false },
  typed: { run() {}, command, params: lr },
  exits: { run: () => process.exit(0), command },
  leaves: {
    run: () => new Promise<void>(() => queueMicrotask(() => JSON.parse("{"))),
    command,
  },
  deaf: {
    run({ logger }: OperatorContext) {
      logger.info("ready");
      return new Promise<void>(() => {});
    },
    command,
  },
  listens: {
    run: ({ logger, signal }: OperatorContext) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          logger.info("aborted");
          resolve();
        });
        logger.info("ready");
      }),
    command,
  },
  fills: {
    async run({ workspaceRoot, params, signal }: OperatorContext) {
      await Deno.writeFile(`${workspaceRoot}/a`, new Uint8Array(params.bytes as number));
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    },
    command,
  },
  loops: {
    run({ logger }: OperatorContext) {
      logger.info("ready");
      spin();
    },
    command,
  },
  hoards: {
    async run({ params }: OperatorContext) {
      const held: unknown[] = [];
      const kinds: Record<string, () => unknown> = {
        heap: () => Array.from({ length: 10_000 }, (_, i) => i + 0.5),
        buffers: () => new Uint8Array(1_000_000).fill(1),
      };
      for (;;) {
        held.push(kinds[params.kind as string]());
        if (params.kind === "buffers") await realSystem.sleep(0);
      }
    },
    command,
  },
});
