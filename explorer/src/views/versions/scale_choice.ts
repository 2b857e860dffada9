// Logarithmic axes: by themselves where a linear one would be crowded, or by choice.
import { needsLogAxis } from "../../components/charts/chart_scales.ts";
import { Choice } from "../../components/choice.ts";
import { html } from "../../framework/html.ts";
import { useCallback } from "../../framework/preact.ts";
import { useQuery } from "../../framework/use_query.ts";

const SCALES = [["", "automatic"], ["linear", "linear"], ["log", "logarithmic"]] as const;

/** A choice of the axes of charts and of parallel coordinates. */
export function ScaleChoice() {
  const [scale, setScale] = useQuery("scale");
  return html`<${Choice} label="axes" value=${scale} change=${setScale} options=${SCALES} />`;
}

/** Returns a function that decides whether numbers have a logarithmic axis. */
export function useScale(): (values: readonly number[]) => boolean {
  const [scale] = useQuery("scale");
  return useCallback(
    (values: readonly number[]) =>
      scale === "log"
        ? values.every((value) => !(value <= 0))
        : scale !== "linear" && needsLogAxis(values),
    [scale],
  );
}
