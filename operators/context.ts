// The context of an operator, completed with defaults.
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onDisk } from "../disk/file_errors.ts";
import { type OptionNames, silentLogger } from "../core/kernel.ts";
import type { OperatorContext } from "./contract/operator.ts";

/** A partial context. Folders may be relative to the current one. */
export type PartialContext = Partial<Omit<OperatorContext, "params">> & {
  /** Parameters, before the operator's schema parses them. @default {} */
  readonly params?: unknown;
};

/** Every member of a context. */
export const CONTEXT: OptionNames<PartialContext> = {
  pipelineId: true,
  nodeId: true,
  operatorId: true,
  inputRoot: true,
  outputRoot: true,
  workspaceRoot: true,
  params: true,
  env: true,
  logger: true,
  signal: true,
  registry: true,
  shard: true,
};

interface CompleteContext {
  context: OperatorContext<unknown>;
  /** Removes temporary folders; a temporary output root only if it is empty. */
  remove(): Promise<void>;
}

/** Prints warnings and errors, which explain a failure. */
const troubleLogger: OperatorContext["logger"] = {
  ...silentLogger,
  warn: (...words) => console.warn(...words),
  error: (...words) => console.error(...words),
};

/** Completes a context: ids default to `standalone`, folders to temporary ones. */
export async function completeContext(partialContext: PartialContext): Promise<CompleteContext> {
  const temporary: string[] = [];
  const folder = async (purpose: string) => {
    const path = await mkdtemp(join(tmpdir(), `holdfast-${purpose}-`));
    if (purpose !== "output") temporary.push(path);
    return path;
  };
  const existing = (path: string) => {
    const absolute = resolve(path);
    onDisk("make", absolute, () => mkdirSync(absolute, { recursive: true }));
    return absolute;
  };
  const { inputRoot, outputRoot, workspaceRoot } = partialContext;
  const context: OperatorContext<unknown> = {
    pipelineId: partialContext.pipelineId ?? "standalone",
    nodeId: partialContext.nodeId ?? "standalone",
    operatorId: partialContext.operatorId ?? "standalone",
    inputRoot: inputRoot === undefined ? await folder("input") : resolve(inputRoot),
    outputRoot: outputRoot === undefined ? await folder("output") : existing(outputRoot),
    workspaceRoot: workspaceRoot === undefined
      ? await folder("workspace")
      : existing(workspaceRoot),
    params: partialContext.params ?? {},
    env: partialContext.env ?? {},
    logger: partialContext.logger ?? troubleLogger,
    signal: partialContext.signal ?? new AbortController().signal,
    registry: partialContext.registry,
    shard: partialContext.shard,
  };
  return {
    context,
    async remove() {
      // An operator that ignored its timeout may still write there; its outcome matters more.
      for (const path of temporary) {
        await rm(path, { recursive: true, force: true }).catch(() => {});
      }
      if (outputRoot === undefined) await rmdir(context.outputRoot).catch(() => {}); // has output
    },
  };
}
