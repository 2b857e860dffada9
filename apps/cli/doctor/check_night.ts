// The estimated price of a night of maintenance, from a few lists. docs/costs.md has counts.
import { type Backend, isPrefix } from "../../../backends/mod.ts";
import { commandsOf, type Maintained, type NightRequests } from "../program/maintained.ts";
import { type Check, ok } from "./check_machine.ts";
import { formatPrice, priceOf, PRICES } from "./prices.ts";

/** All names have their records here (FORMAT.md, section 1). */
const NAMES = "names/";
/** Keys of one list. */
const PAGE = 1000;
/** Lists of records, and then of names. */
const MOST_LISTS = 10;

/** The size of a registry. */
export interface Size {
  names: number;
  records: number;
  /** Which of them were counted to the end. Other records are estimated, other names are more. */
  counted: "all" | "names" | "neither";
}

/** The requests of a night in which nothing changed, by command. */
export type Night = Readonly<Record<string, NightRequests>>;

/** Estimates a night. Prune reads more with rules of days, weeks and months, or of labels. */
export function estimateNight(
  { names, records }: Pick<Size, "names" | "records">,
  maintained: readonly Maintained[],
): Night {
  const pass = 3 + Math.ceil(1.6 * records / PAGE); // sixteen ranges at once, whose ends overlap
  const tables = Math.ceil(names / 10_000);
  const size = { names, records, pass, tables, page: PAGE };
  return Object.fromEntries(
    maintained.flatMap(({ command, night }) => night === undefined ? [] : [[command, night(size)]]),
  );
}

/** Counts names and records with at most twice `MOST_LISTS` requests. */
export async function sizeOf(backend: Backend, signal?: AbortSignal): Promise<Size> {
  const seen = new Set<string>();
  let records = 0;
  const all = await eachKey(backend, { signal }, (key) => {
    records++;
    seen.add(key.slice(0, key.indexOf("/", NAMES.length)));
  });
  if (all) return { names: seen.size, records, counted: "all" };
  let names = 0;
  const allNames = await eachKey(backend, { signal, delimiter: "/" }, () => void names++);
  names = Math.max(names, seen.size);
  const estimated = Math.max(records, Math.round(names * records / seen.size));
  return { names, records: estimated, counted: allNames ? "names" : "neither" };
}

/** Calls `use` with the keys of names, or their folders. Returns false if there are more. */
async function eachKey(
  backend: Backend,
  options: { delimiter?: "/"; signal?: AbortSignal },
  use: (key: string) => void,
): Promise<boolean> {
  let after: string | undefined;
  for (let page = 0; page < MOST_LISTS; page++) {
    let entries = 0;
    for await (const entry of backend.list(NAMES, { ...options, after, limit: PAGE })) {
      after = isPrefix(entry) ? entry.prefix : entry.key;
      use(after);
      entries++;
    }
    if (entries < PAGE) return true;
  }
  return false;
}

/** Returns what a night without changes costs in a bucket, as a check that is always ok. */
export async function checkNight(
  backend: Backend,
  maintained: readonly Maintained[],
  signal?: AbortSignal,
): Promise<Check & { night: object }> {
  const size = await sizeOf(backend, signal);
  const requests = estimateNight(size, maintained);
  const sum = (method: "list" | "get") =>
    Object.values(requests).reduce((sum, each) => sum + each[method], 0);
  const lists = sum("list"), gets = sum("get");
  const price = priceOf({ list: lists, get: gets });
  const text = (count: number) => count.toLocaleString("en");
  const { counted, names, records } = size;
  const about = counted === "neither" ? "at least" : "about";
  const state = `${commandsOf(maintained)} of ${counted === "neither" ? "at least " : ""}` +
    `${text(names)} names with ${counted === "all" ? "" : `${about} `}${text(records)} records ` +
    `send ${about} ${text(lists)} lists and ${text(gets)} gets if nothing changed: ${about} ` +
    `${formatPrice(price)} at prices of ${PRICES.store}`;
  return { ...ok("night", state), night: { ...size, requests, price, store: PRICES.store } };
}
