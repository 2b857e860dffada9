// The curves of a run that has ended: numbers of its points, by name.
import type { Registry } from "../../../mod.ts";
import type { SignalOptions } from "../../../registry/mod.ts";
import {
  giveWay,
  invalid,
  isJsonObject,
  parsedJson,
  quoteNotFinite,
  shown,
  thinnedPlaces,
} from "../../../core/kernel.ts";
import { CURVE_FILE } from "../curve_file.ts";
import { textLines } from "../mlflow/stored_run.ts";

/** The numbers that a run logged by one name, in the order of its points. */
export interface Curve {
  steps: number[];
  /** Also NaN and infinities. */
  values: number[];
}

/** Options of `readCurves`. */
export interface ReadCurvesOptions extends SignalOptions {
  /**
   * The most points of each curve, at least 2: the first and the last, and of each group of those
   * between them the lowest, the highest, and the first that is NaN or infinite.
   *
   * @default all
   */
  points?: number;
}

const NOT_FINITE = /^(?:NaN|-?Infinity)$/;

/** Reads the curves of a version. */
export async function readCurvesHere(
  registry: Registry,
  ref: string,
  { points, signal }: ReadCurvesOptions,
): Promise<Map<string, Curve>> {
  if (points !== undefined && !(Number.isInteger(points) && points >= 2)) {
    throw invalid("read the curves of", shown(ref), `points is ${shown(points)}`, {
      hint: "Pass an integer of at least 2, or leave it out.",
    });
  }
  const artifact = await registry.open(ref, { signal });
  const named = [artifact.info.metadata.curves].flat().map(String);
  const path = named.find((each) => each.endsWith(".jsonl")) ?? CURVE_FILE;
  const curves = new Map<string, Curve>();
  for await (const { text } of textLines(artifact.file(path))) {
    await giveWay();
    signal?.throwIfAborted();
    const point = parsedJson(text) ?? parsedJson(quoteNotFinite(text));
    if (!isJsonObject(point)) continue; // a program that is killed leaves half a line
    const { step, ...values } = point;
    for (const [name, value] of numbersIn(values, "")) {
      const curve = curves.get(name) ?? { steps: [], values: [] };
      curves.set(name, curve);
      curve.steps.push(typeof step === "number" ? step : curve.steps.length);
      curve.values.push(value);
    }
  }
  if (points !== undefined) {
    for (const [name, curve] of curves) curves.set(name, thinned(curve, points));
  }
  return curves;
}

/** Yields the numbers of a point, those of nested values by names joined with dots. */
function* numbersIn(
  values: Record<string, unknown>,
  above: string,
): Generator<[name: string, value: number]> {
  for (const [name, value] of Object.entries(values)) {
    if (isJsonObject(value)) yield* numbersIn(value, `${above}${name}.`);
    else if (typeof value === "number") yield [above + name, value];
    else if (typeof value === "string" && NOT_FINITE.test(value)) {
      yield [above + name, Number(value)];
    }
  }
}

function thinned({ steps, values }: Curve, most: number): Curve {
  const places = thinnedPlaces(values, most);
  const at = (numbers: readonly number[]) => places.map((place) => numbers[place]!);
  return { steps: at(steps), values: at(values) };
}
