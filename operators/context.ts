// The context of an operator, made of what its caller gives.
import { mkdirSync } from "node:fs";
import { mkdtemp, rm, rmdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { onDisk } from "../disk/file_errors.ts";
import { silentLogger } from "../core/system.ts";
import type { OperatorContext } from "./contract/operator.ts";

/** What a caller gives of a context. Folders may be relative to the current one. */
export type PartialContext = Partial<Omit<OperatorContext, "params">> & {
  /** Parameters, before the operator's schema has seen them. @default {} */
  readonly params?: unknown;
};

export interface CompleteContext {
  context: OperatorContext<unknown>;
  /** Removes what was made for it; a temporary output root only where nothing is in it. */
  remove(): Promise<void>;
}

/**
 * Completes a context: ids say `standalone`, folders that are not given are temporary ones, and those that are to be
 * there are made.
 */
export async function completeContext(given: PartialContext): Promise<CompleteContext> {
  const { operatorId = "standalone" } = given;
  const temporary: string[] = [];
  const folder = async (purpose: string) => {
    const path = await mkdtemp(join(tmpdir(), `holdfast-${purpose}-`));
    if (purpose !== "output") temporary.push(path);
    return path;
  };
  const made = (path: string) => {
    const absolute = resolve(path);
    onDisk("make", absolute, () => mkdirSync(absolute, { recursive: true })); // mostly it is there
    return absolute;
  };
  const { inputRoot, outputRoot, workspaceRoot } = given;
  const context: OperatorContext<unknown> = {
    pipelineId: given.pipelineId ?? "standalone",
    nodeId: given.nodeId ?? "standalone",
    operatorId,
    inputRoot: inputRoot === undefined ? await folder("input") : resolve(inputRoot),
    outputRoot: outputRoot === undefined ? await folder("output") : made(outputRoot),
    workspaceRoot: workspaceRoot === undefined ? await folder("workspace") : made(workspaceRoot),
    params: given.params ?? {},
    env: given.env ?? {},
    logger: given.logger ?? silentLogger,
    signal: given.signal ?? new AbortController().signal,
    ...(given.registry === undefined ? {} : { registry: given.registry }),
    ...(given.shard === undefined ? {} : { shard: given.shard }),
  };
  return {
    context,
    async remove() {
      // One that was left to itself may still write there: that is not to hide how it ended.
      for (const path of temporary) {
        await rm(path, { recursive: true, force: true }).catch(() => {});
      }
      if (outputRoot === undefined) await rmdir(context.outputRoot).catch(() => {}); // has output
    },
  };
}
