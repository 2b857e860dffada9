// Runs as rows: their best metric, the parameters that differ, and conditions that select them.
import { parseQuery, searchText } from "../../../../apps/server/search/query.ts";
import { invalid } from "../../../../core/errors.ts";
import { queryOf } from "../../api/search.ts";
import { columnsOf, type ExperimentColumn, isBest, lastOf } from "../versions/columns.ts";
import { bareOf, meantBy, namedFilter, unknownFields } from "../versions/conditions.ts";
import { metadataValues, statesOf } from "../versions/experiments.ts";
import { valueText } from "../versions/experiments_table.ts";
import type { Column } from "../../components/table.ts";

export interface RunRow<T> {
  readonly run: T;
  readonly values: ReadonlyMap<string, unknown>;
  readonly found: Parameters<ReturnType<typeof parseQuery>>[0];
  /** Words of a filter are searched in it. */
  readonly text: string;
}

/** Parameters with a column: those that differ, or of one run all. */
const MOST_PARAMETERS = 5;

export function rowOf<T>(run: T, { name, id, state, at, reason = "", params, metrics }: {
  name: string;
  id: string;
  state: string;
  /** When it began, ISO 8601. */
  at: string;
  reason?: string;
  params?: object;
  metrics?: object;
}): RunRow<T> {
  const metadata = { ...params && { params }, ...metrics && { metrics } };
  const values = new Map([["state", state], ...metadataValues(metadata)]);
  const found = { name, version: id, aliases: [], metadata, kind: "run", createdAt: at, state };
  return { run, values, found, text: `${searchText(found)}\n${state}\n${reason}`.toLowerCase() };
}

/**
 * Returns the rows that meet all conditions of a filter, and why it selects none of them.
 */
export function filteredRows<T>(
  rows: readonly RunRow<T>[],
  filter: string,
): { rows: readonly RunRow<T>[]; error?: unknown } {
  if (filter.trim() === "") return { rows };
  try {
    const columns = columnsOf(rows);
    const named = namedFilter(filter, columns);
    for (const field of unknownFields(named, (key) => columns.some((each) => each.key === key))) {
      const meant = meantBy(field, columns).map(({ title }) => title);
      if (meant.length > 1) throw severalKeys(bareOf(field), meant);
    }
    const matches = parseQuery(queryOf(named));
    return {
      rows: rows.filter(({ found, text }) =>
        statesOf(found.state).some((state) => matches({ ...found, state }, text))
      ),
    };
  } catch (error) {
    return { rows, error };
  }
}

function severalKeys(key: string, titles: readonly string[]) {
  const hint = `Use ${titles.join(" or ")}.`;
  return invalid("filter runs", key, "several keys end in it", { hint });
}

/** Returns the columns of all metrics and parameters. */
export function allColumnsOf<T>(rows: readonly RunRow<T>[]): Column<RunRow<T>>[] {
  return columnsOf(rows).filter(({ role }) => role !== undefined).map((each) => columnOf(each));
}

/** Returns the columns of the first metric, its best value, and the first parameters that differ. */
export function columnsOfRows<T>(rows: readonly RunRow<T>[]): Column<RunRow<T>>[] {
  const all = columnsOf(rows);
  const differs = ({ key }: ExperimentColumn) =>
    rows.length === 1 || new Set(rows.map(({ values }) => values.get(key))).size > 1;
  const [metric, ...others] = all.filter(({ role }) => role === "measure");
  const keys = new Set(metric && [metric.key]);
  const best = others.find(({ key }) => lastOf(key, keys) !== undefined);
  const parameters = all.filter((column) => column.role === "parameter" && differs(column));
  return [...metric ? [metric] : [], ...best ? [best] : [], ...parameters.slice(0, MOST_PARAMETERS)]
    .map((each) => columnOf(each));
}

/** Returns a column of values. ★ marks the best. */
function columnOf<T>(column: ExperimentColumn): Column<RunRow<T>> {
  const { key, title, isNumber } = column;
  return {
    title,
    class: (row) => `${isNumber ? "number" : "fit"}${isBest(row, column) ? " best" : ""}`,
    heading: isNumber ? "number" : undefined,
    cell: (row) => `${valueText(row.values.get(key))}${isBest(row, column) ? " ★" : ""}`,
    value: ({ values }) => values.get(key),
  };
}
