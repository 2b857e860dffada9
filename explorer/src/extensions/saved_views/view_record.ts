// A saved view as a version: its metadata have the title and the query of the address. Versions that
// other programs wrote may have anything: those of another form are not views.
import { nameProblem } from "../../../../core/naming/names.ts";
import { hrefOf, type Place, splitRef, splitValues } from "../../extending.ts";
import type { Author, ListedVersion } from "../../extending.ts";
import { SUFFIX, viewsName } from "./views_name.ts";

/** The views of the page that can be saved. */
const PAGES = ["artifacts", "compare"] as const;

/** Keys of an address that are places in a page, and no part of a view. */
const PLACES = ["tab", "path", "deleted"];

/** A key that a page reads. */
const KEY = /^[a-z]{1,20}$/;

const MOST_TITLE = 80, MOST_KEYS = 40, MOST_VALUE = 8_000;

export type SavedPage = (typeof PAGES)[number];

/** A page of a name, with the query of its address. */
export interface ViewContent {
  readonly page: SavedPage;
  readonly query: Place["query"];
}

export interface SavedView extends ViewContent {
  readonly title: string;
  readonly version: string;
  readonly href: string;
  /** ISO 8601. */
  readonly savedAt: string;
  readonly by?: Author;
  /** Number of earlier versions with the same title. */
  readonly earlier: number;
}

export type ListedView = Pick<ListedVersion, "version" | "modifiedAt"> & {
  readonly info?: {
    readonly metadata?: Readonly<Record<string, unknown>>;
    readonly by?: Author;
  };
};

/** Returns true for a name that views can be saved for: not those of views, nor too long for theirs. */
export function canHaveViews(name: string): boolean {
  return !name.endsWith(SUFFIX) && nameProblem(viewsName(name)) === undefined;
}

/** Returns what can be saved of an address; undefined if it is not a page that has views. */
export function contentOf({ path: [page = ""], query }: Place): ViewContent | undefined {
  const known = PAGES.find((each) => each === page);
  if (known === undefined) return undefined;
  // Other keys, as programs add them to links, say nothing to a page.
  const kept = Object.entries(query).filter(([key, value]) =>
    value !== "" && KEY.test(key) && !PLACES.includes(key)
  );
  return { page: known, query: Object.fromEntries(kept) };
}

/** Returns why a title cannot be saved; undefined if it can. */
export function titleProblem(title: string): string | undefined {
  if (title === "") return "Type a title.";
  if (title.length > MOST_TITLE) return `The title has more than ${MOST_TITLE} characters.`;
}

/** Returns why something cannot be saved as a view; undefined if it can. */
export function contentProblem(name: string, { page, query }: ViewContent): string | undefined {
  if (Object.keys(query).length === 0) {
    return "Nothing is chosen yet. Filter or sort the versions, or choose columns or charts.";
  }
  const isOwn = page !== "compare" ||
    splitValues(query.refs).every((ref) => splitRef(ref).name === name);
  if (!isOwn) return "Versions of several names are compared: their address is the view.";
  return isQuery(query) ? undefined : "This address is too long for a view.";
}

export function hrefOfView(name: string, { page, query }: ViewContent): string {
  return hrefOf(page === "artifacts" ? ["artifacts", name] : ["compare"], query);
}

/** Returns true for the content of an address that a view has. */
export function isSameContent(a: ViewContent, b: ViewContent): boolean {
  const keys = new Set([...Object.keys(a.query), ...Object.keys(b.query)]);
  return a.page === b.page && [...keys].every((key) => a.query[key] === b.query[key]);
}

/**
 * Returns the views among versions, the newest first. Of those with one title, only the newest is a
 * view, and the others are its history.
 */
export function viewsOf(
  name: string,
  versions: readonly ListedView[],
): { views: readonly SavedView[]; others: number } {
  const read = versions.flatMap((listed) => viewOf(name, listed) ?? []);
  const byTitle = Map.groupBy(read, ({ title }) => title);
  const views = [...byTitle.values()].flatMap(([newest, ...earlier]) =>
    newest === undefined ? [] : [{ ...newest, earlier: earlier.length }]
  );
  return { views, others: versions.length - read.length };
}

function viewOf(name: string, { version, modifiedAt, info }: ListedView): SavedView | undefined {
  const { title, page, query } = info?.metadata ?? {};
  const known = PAGES.find((each) => each === page);
  if (known === undefined || typeof title !== "string" || !isQuery(query)) return undefined;
  const content = { page: known, query };
  const isWrong = titleProblem(title.trim()) ?? contentProblem(name, content);
  if (isWrong !== undefined) return undefined;
  const href = hrefOfView(name, content);
  const by = typeof info?.by?.name === "string" ? { by: info.by } : {};
  return { title: title.trim(), ...content, version, href, savedAt: modifiedAt, ...by, earlier: 0 };
}

/** Returns true for a query as this page writes it: short words, each with a text. */
function isQuery(query: unknown): query is Place["query"] {
  if (typeof query !== "object" || query === null || Array.isArray(query)) return false;
  const entries = Object.entries(query);
  return entries.length <= MOST_KEYS &&
    entries.every(([key, value]) =>
      KEY.test(key) && typeof value === "string" && value.length <= MOST_VALUE
    );
}
