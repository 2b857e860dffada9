// Metrics of a step as a short text.
import { valuesOf } from "../runner/metrics/json_values.ts";

/** Formats the first metrics: `accuracy 0.93, test.loss 0.21`. */
export function metricsText(metrics: Readonly<Record<string, unknown>> = {}, most = 4): string {
  const values = valuesOf(metrics);
  const texts = values.slice(0, most).map(({ path, value }) => {
    const isLong = typeof value === "number" && !Number.isInteger(value);
    return `${path.join(".")} ${isLong ? Number(value.toPrecision(4)) : String(value)}`;
  });
  return texts.join(", ") + (values.length > most ? ` and ${values.length - most} more` : "");
}
