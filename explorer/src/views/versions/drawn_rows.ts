// The rows of a table of versions and runs whose curves are drawn, each with a look of its own.
import { type LineLook, lookOf, MOST_LOOKS } from "../../components/charts/chart_scales.ts";
import type { DrawnRow } from "../../extension.ts";
import { useMemo, useRef } from "../../framework/preact.ts";
import { splitValues } from "../../framework/router.ts";
import { useQuery } from "../../framework/use_query.ts";
import { type Experiment, shortRunName } from "./experiments.ts";

/** Rows that are drawn if none is checked, and the numbers that they have at most: some 10 MB. */
const FEW = 10, MOST_NUMBERS = 400_000;

/** Returns the checked rows of runs, or the first ones. A row keeps its look while it is drawn. */
export function useDrawnRows(
  rows: readonly Experiment[],
  all: readonly Experiment[],
): readonly DrawnRow[] {
  const [ticked] = useQuery("ticked");
  const looks = useRef<ReadonlyMap<string, LineLook>>(new Map());
  const chosen = drawnOf(rows, all, splitValues(ticked));
  return useMemo(() => {
    const drawn = withLooks(chosen, looks.current);
    looks.current = new Map(drawn.map((row, i) => [chosen[i]!.version, row.look]));
    return drawn;
  }, [chosen.map(({ version, values }) => `${version} ${values.get("run")}`).join("\n")]);
}

function drawnOf(
  rows: readonly Experiment[],
  all: readonly Experiment[],
  ticked: readonly string[],
): readonly Experiment[] {
  const ofRuns = (each: readonly Experiment[]) => each.filter(({ values }) => values.has("run"));
  const checked = new Set(ticked);
  const chosen = ofRuns(all).filter(({ version }) => checked.has(version));
  if (chosen.length > 0) return chosen.slice(0, MOST_LOOKS);
  let numbers = 0;
  return ofRuns(rows).slice(0, FEW)
    .filter((row, i) => (numbers += numbersOf(row)) <= MOST_NUMBERS || i === 0);
}

/** Returns about how many numbers the curves of a run have. */
function numbersOf({ run, values }: Experiment): number {
  const points = Number(run?.points ?? values.get("metadata.run.points") ?? 0);
  return points * [...values.keys()].filter((key) => key.startsWith("metadata.metrics.")).length;
}

function withLooks(
  rows: readonly Experiment[],
  before: ReadonlyMap<string, LineLook>,
): DrawnRow[] {
  const names = Map.groupBy(rows, shortRunName);
  const isSame = (a: LineLook, b: LineLook) => a.color === b.color && a.isDashed === b.isDashed;
  const taken = rows.flatMap(({ version }) => before.get(version) ?? []);
  const free = Array.from({ length: MOST_LOOKS }, (_, i) => lookOf(i))
    .filter((look) => !taken.some((other) => isSame(look, other)));
  return rows.map((row): DrawnRow => {
    const { version, run } = row;
    const name = shortRunName(row);
    const isUnique = names.get(name)?.length === 1;
    return {
      label: isUnique ? name : `${name} (${run?.id ?? version})`,
      look: before.get(version) ?? free.shift() ?? lookOf(0),
      ...run ? { run: run.id } : { version },
    };
  });
}
