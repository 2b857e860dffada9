// The end of a run: its version has all points, its files, and the summary as W&B shows it.
import type { GatewayContext } from "../../../apps/gateways.ts";
import { finishRun } from "../../runs/mod.ts";
import { countOf, openRunFiles } from "../../runs/look_at_run.ts";
import { mayHave, newestIn, partOf, TAKEN_OVER } from "../../runs/mlflow/file_parts.ts";
import { LastMetrics, metricsIn } from "../../runs/mlflow/points.ts";
import { isOwnTag, metadataOf, type Status } from "../../runs/mlflow/stored_run.ts";
import { isOwnKey, numbersIn } from "../../runs/wandb/values.ts";
import { CONSOLE_FILE, streamedFiles, SUMMARY_FILE } from "../../runs/wandb/streamed_files.ts";
import { linesIn, type OpenRun, type WandbFacts } from "./known_run.ts";
import { lastLine, pointsIn, timeOf, valuesIn } from "./points.ts";

/** Prefixes of tags with the artifacts that a run uses and logs, which clients of MLflow do not see. */
export const USED_TAG = "holdfast:input.artifact.", LOGGED_TAG = "holdfast:output.artifact.";
/** A run that began so long before its draft was synced from a folder. */
const SYNCED_MS = 60_000;
const decoder = new TextDecoder();

interface Ending extends Pick<WandbFacts, "request" | "writer"> {
  readonly status: Status;
  readonly failed?: string;
}

/** Saves the version of a run. A repeat completes a save that was killed. */
export async function finishRunOf(
  { registry, system }: GatewayContext,
  { key, id, look, params, tags, startedMs, begunMs, generation, isEnding }: OpenRun,
  { status, failed, request, writer }: Ending,
): Promise<void> {
  const { name } = key;
  const draft = await registry.openDraft(name, { id: `run:${id}` });
  if (!isEnding) {
    const isSent = (part: string) => mayHave(part) && !part.startsWith(TAKEN_OVER);
    const present = new Set(
      (await draft.files()).filter(({ part }) => isSent(part)).map(({ path }) => path),
    );
    for (const [path, content] of await streamedFiles(look)) {
      // A resumed client sends a console file of its own lines alone. Use the streamed one.
      if (present.has(path) && path !== CONSOLE_FILE) continue;
      await draft.addPart(partOf(path, system), [{ path, content }]);
    }
  }
  const { files } = await newestIn(draft);

  const last = new LastMetrics();
  for await (const line of pointsIn(look)) {
    for (const metric of metricsIn(line, startedMs)) last.add(metric);
  }
  const summaryPart = files.find(({ path }) => path === SUMMARY_FILE)?.part;
  const [summary] = await openRunFiles(registry, { name, id }, (part) => part === summaryPart);
  const values = valuesIn(decoder.decode(await summary?.bytes()));
  const step = last.all.reduce((most, each) => Math.max(most, each.step), 0);
  const lastMs = startedMs + Math.round((timeOf(await lastLine(look) ?? "") || 0) * 1000);
  const newestMs = last.all.reduce((most, each) => Math.max(most, each.timestamp), lastMs);
  const metrics = new Map(last.all.map((each) => [each.key, each]));
  // The summary also has values that were set by hand.
  const texts = new Map<string, string>();
  for (const [key, value] of numbersIn(Object.entries(values), [], texts)) {
    const { timestamp = newestMs, step: at = step } = metrics.get(key) ?? {};
    const text = texts.get(key);
    if (!isOwnKey(key)) metrics.set(key, { key, value, timestamp, step: at, text });
  }
  const isSynced = begunMs - startedMs > SYNCED_MS && generation === 1;
  const metadata = metadataOf({
    key,
    status,
    startedMs,
    endedMs: isSynced ? newestMs : system.now(),
    params,
    tags: new Map([...tags].filter(([tag]) => !isOwnTag(tag))),
    metrics: [...metrics.values()],
  });
  const used = [...tags.keys()].filter((tag) => tag.startsWith(USED_TAG));
  await finishRun(registry, name, {
    id,
    parts: files.map(({ part }) => part),
    as: { id: "folder", formatVersion: 1 },
    inputs: used.map((tag) => ({ ref: tag.slice(USED_TAG.length), digest: null })),
    metadata: {
      ...metadata,
      run: { ...metadata.run as object, ...(failed !== undefined && { failed }) },
      wandb: {
        history: countOf(look.points),
        ...linesIn(look),
        ...(request !== undefined && { request }),
        ...(writer !== undefined && { writer }),
        runtime: Math.round(newestMs - startedMs) / 1000,
      },
    },
  });
}
