// Metrics of a step as a short text.
import { isJsonObject } from "../../core/kernel.ts";

type Metrics = Readonly<Record<string, unknown>>;

/** Formats the first metrics: `accuracy 0.93, test.loss 0.21`. */
export function metricsText(metrics: Metrics | undefined, most = 4): string {
  const texts = leavesOf(metrics ?? {}, "");
  const more = texts.length > most ? ` and ${texts.length - most} more` : "";
  return texts.slice(0, most).join(", ") + more;
}

function leavesOf(value: Metrics, under: string): string[] {
  return Object.entries(value).flatMap(([key, child]) => {
    const path = `${under}${key}`;
    if (isJsonObject(child)) return leavesOf(child, `${path}.`);
    const isLong = typeof child === "number" && !Number.isInteger(child);
    return [`${path} ${isLong ? Number(child.toPrecision(4)) : String(child)}`];
  });
}
