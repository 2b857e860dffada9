// All names: a tree, a search while typing, and filters.
import { useSession } from "../../api/context.ts";
import type { LoggedRun } from "../../api/logged_runs.ts";
import { mayChange } from "../../api/service.ts";
import { CopyBox, SameByCode } from "../../components/copy_box.ts";
import { ExtensionParts } from "../../components/extension_parts.ts";
import { formatCount, formatNumber } from "../../format/format.ts";
import { Empty, ErrorNotice, Loading, Progress } from "../../components/notices.ts";
import { html } from "../../framework/html.ts";
import { useMemo, useState } from "../../framework/preact.ts";
import { hrefOf, hrefOfRef, openPlace, splitRef } from "../../framework/router.ts";
import { useInterval, useLate } from "../../framework/use_interval.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import type { ViewProps } from "../mod.ts";
import { useLoggedRuns } from "../runs/use_logged_runs.ts";
import { AllNames, DETAILED, MOST_FOUND } from "./all_names.ts";
import { FoundList, type FoundVersion } from "./found_list.ts";
import { namesWith, sortNames } from "./name_tree.ts";
import { codeOf, commandOf } from "./search_commands.ts";
import { isFiltering, SearchForm, searchText } from "./search_form.ts";

/** Names of the first page, which is shown at once, and of the others. */
const FIRST_PAGE = 500, PAGE = 10_000;
/** Names that are read without being asked for: each 1,000 records of them cost a list. */
const READ_AT_FIRST = 10_000;
/** Names are sorted again when so many times as many are read. */
const GROWTH = 1.25;
/** Names that begin with the typed text, of those that are not read. */
const MOST_BEGINNING = 200;

export function Names({ place: { query } }: ViewProps) {
  const { service } = useSession();
  const { names: saved, error, complete, isCut, reload, readAll } = useNames();
  const runs = useLoggedRuns()?.items;
  const names = useMemo(() => withRuns(saved, runs), [saved, runs]);
  const details = useDetails(saved, complete);
  const text = searchText(query);
  const typed = query.q ?? "";
  const change = (next: Record<string, string>) =>
    openPlace(hrefOf([], { ...query, ...next }), { replace: true });
  const isSearch = typed.trim() !== "" || isFiltering(query);
  return html`
    <div class="stack whole">
      <div class="row spread">
        <h1>Names</h1>
        <p class="muted" role="status">${countText(names.length, { complete, isCut })}</p>
      </div>
      ${!isSearch && html`<${ExtensionParts} at="loadStart" />`}
      <${SearchForm} query=${query} typed=${typed} change=${change} />
      ${error !== undefined && html`<${ErrorNotice} error=${error} retry=${reload} />`}
      ${isSearch
        ? html`
          <${Found} names=${names} isCut=${isCut} typed=${typed} text=${text}
            filters=${isFiltering(query)} details=${details} />
        `
        : names.length > 0
        ? html`<${AllNames} ...${{ names, details, runs, isCut, isComplete: complete }} />`
        : complete && error === undefined && runs !== undefined
        ? html`<${FirstSteps} />`
        : error === undefined && html`<${Loading} what="Reading names" />`}
      ${isCut && html`
        <p class="muted">These are the first names. A search finds all of them.
          <button type="button" class="button" onClick=${readAll}>Read all names</button></p>
      `}
      ${!service.isSite && (isSearch || names.length > 0) &&
        html`<${SameByCode} cli=${commandOf(text, service)} code=${codeOf(text, service)} />`}
    </div>
  `;
}

function countText(
  count: number,
  { complete, isCut }: { complete: boolean; isCut: boolean },
): string {
  return formatCount(count, "name") + (complete ? "" : isCut ? ", and more" : " so far…");
}

/** Returns names with those of runs, whose first version may not be saved yet. */
function withRuns(names: readonly string[], runs: readonly LoggedRun[] = []): readonly string[] {
  if (runs.length === 0) return names;
  const known = new Set(names);
  const others = new Set(runs.map(({ name }) => name).filter((name) => !known.has(name)));
  return others.size === 0 ? names : sortNames([...names, ...others]);
}

interface FoundProps {
  readonly names: readonly string[];
  /** There are more names. */
  readonly isCut: boolean;
  readonly typed: string;
  readonly text: string;
  readonly filters: boolean;
  readonly details: ReadonlyMap<string, FoundVersion>;
}

/** Names with the typed words at once, and versions that the service finds by anything else. */
function useFound({ names, isCut, typed, text, filters, details }: FoundProps) {
  const others = useBeginning(isCut && !filters ? typed.trim() : "");
  const own = useMemo(
    () => filters ? [] : namesWith([...new Set([...names, ...others])], typed),
    [names, others, typed, filters],
  );
  const search = useSearch(text);
  const order = useLoaded(() => import("./found_order.ts"), []).value;
  const conditions = order?.conditionsOf(text) ?? [];
  const versions = search.value?.items.filter(({ name }) => filters || !own.includes(name)) ?? [];
  const found = order?.inOrderOf(conditions, versions) ?? versions;
  const items = [
    ...own.map((name) => ({ name, found: details.get(name) })),
    ...found.map((version) => ({ name: version.name, found: version, isVersion: true })),
  ];
  const valuesOf = (version: FoundVersion) => order?.comparedValues(conditions, version) ?? [];
  const bare = conditions.flatMap(({ key }) => /^metadata\.([^.]+)$/.exec(key)?.[1] ?? []);
  return { items, search, valuesOf, bare };
}

function Found(props: FoundProps) {
  const { names, isCut, typed } = props;
  const { items, search, valuesOf, bare } = useFound(props);
  const progress = search.value?.read !== undefined
    ? html`<${Reading} read=${search.value.read} total=${isCut ? undefined : names.length} />`
    : search.loading && html`<${Loading} what="Searching aliases and metadata" />`;
  const ref = typed.trim();
  const isRef = ref.includes("@") && (isCut || names.includes(splitRef(ref).name));
  if (items.length === 0 && progress && !isRef) return progress;
  if (items.length === 0 && search.error === undefined && !isRef) {
    return html`
      <${Empty} title="Nothing matches">
        <p>Search names, aliases and metadata values, or
            write conditions such as <code>metadata.epochs>3</code>.</p>
        ${bare.map((key) =>
          html`<p key=${key}>Is <code>${key}</code> a parameter or a measure? Search for
            ${" "}<code>params.${key}</code> or <code>metrics.${key}</code>.</p>`
        )}
        <${Rest} of=${search.value} />
        <//>
    `;
  }
  return html`
    ${isRef && html`<p>Open <a href=${hrefOfRef(ref)}>${ref}</a></p>`}
    ${search.error !== undefined && html`<${ErrorNotice} error=${search.error} />`}
    ${items.length > 0 && html`<${FoundList} items=${items} values=${valuesOf} />`}
    ${progress}
    <${Rest} of=${search.value} />
  `;
}

/** Searches once the text did not change for a moment, and again while the service reads. */
function useSearch(text: string) {
  const { service } = useSession();
  const asked = useLate(text);
  const search = useLoaded(
    async (signal): Promise<Search> => {
      if (service.isSite || asked === "") return { items: [], total: 0, cut: false };
      const query = { q: asked, limit: 200, partial: true };
      return await service.json<Search>("search", { query, signal });
    },
    [asked],
  );
  useInterval(search.reload, READING_MS, search.value?.read !== undefined);
  return search;
}

/** Shows what a search leaves out. */
function Rest(
  { of: { items, total, cut, hints } = { items: [], total: 0, cut: false } }: { of?: Search },
) {
  const more = total - items.length;
  return html`
    ${more > 0 &&
      html`<p class="muted">${formatCount(more, "more version")} match${
        more === 1 ? "es" : ""
      }. Narrow the search.</p>`}
    ${hints?.map((hint) => html`<p class="muted">${hint}; it is compared as a number.</p>`)}
    ${cut &&
      html`<p class="muted">The search index is full. Versions without an alias, and older than the
        newest 20 of their name, may be missing: filter the table of a name to find them.</p>`}
  `;
}

/** The progress of the first search, which reads every version. */
function Reading({ read, total }: { read: number; total?: number }) {
  return html`
    <p class="muted"
      role="status">Aliases and metadata of ${formatCount(read, "name")}${total === undefined
        ? ""
        : ` of ${formatNumber(total)}`} are read. More results may follow.</p>
    ${total !== undefined && html`
      <${Progress} value=${total === 0 ? 0 : Math.min(1, read / total)} label="Names read" />
    `}
  `;
}

const READING_MS = 1000;

interface Search {
  readonly items: readonly FoundVersion[];
  readonly total: number;
  readonly next?: number;
  readonly cut: boolean;
  /** Which numbers that the search compares are text. */
  readonly hints?: readonly string[];
  /** Names read so far, until the index is complete. */
  readonly read?: number;
}

/** Reads names, page by page, at first not all of many. They are shown while they arrive. */
function useNames() {
  const { service } = useSession();
  const [names, setNames] = useState<readonly string[]>([]);
  const [readsAll, setReadsAll] = useState(false);
  const loaded = useLoaded(async (signal) => {
    const all: string[] = [];
    let shown = readsAll ? READ_AT_FIRST : 0;
    for (let after: string | undefined, limit = FIRST_PAGE;;) {
      const query = { limit, after };
      const page = await service.json<{ items: string[]; next?: string }>("names", {
        query,
        signal,
      });
      all.push(...page.items);
      after = page.next;
      const isCut = !readsAll && all.length >= READ_AT_FIRST;
      if (after === undefined || isCut || all.length >= GROWTH * shown) {
        setNames(sortNames(all));
        shown = all.length;
      }
      if (after === undefined || isCut) return { isComplete: after === undefined };
      limit = readsAll ? PAGE : READ_AT_FIRST - all.length;
    }
  }, [readsAll]);
  const { error, reload, value } = loaded;
  return {
    names,
    error,
    complete: value?.isComplete === true,
    isCut: value?.isComplete === false,
    reload,
    readAll: () => setReadsAll(true),
  };
}

/** Reads names that begin with a text, once it did not change for a moment. */
function useBeginning(text: string): readonly string[] {
  const { service } = useSession();
  const prefix = useLate(text);
  const { value } = useLoaded(async (signal): Promise<readonly string[]> => {
    if (prefix === "") return NO_NAMES;
    const query = { prefix, limit: MOST_BEGINNING };
    return (await service.json<{ items: string[] }>("names", { query, signal })).items;
  }, [prefix]);
  return value ?? NO_NAMES;
}

const NO_NAMES: readonly string[] = [];

/** Reads the newest version of each name, if there are not too many. */
function useDetails(names: readonly string[], complete: boolean) {
  const { service, about } = useSession();
  const isWanted = complete && names.length <= DETAILED && about.features.includes("search") &&
    !service.isSite;
  const { value } = useLoaded(async (signal) => {
    const newest = new Map<string, FoundVersion>();
    if (!isWanted) return newest;
    for (let offset: number | undefined = 0; offset !== undefined && offset < MOST_FOUND;) {
      const query = { newest: true, limit: MOST_FOUND - offset, offset };
      const page: Search = await service.json<Search>("search", { query, signal });
      for (const each of page.items) newest.set(each.name, each);
      offset = page.next;
    }
    return newest;
  }, [isWanted]);
  return value ?? NONE;
}

const NONE: ReadonlyMap<string, FoundVersion> = new Map();

function FirstSteps() {
  const { rights } = useSession();
  return html`
    <${Empty} title="This registry is empty">
      <p>Save the first artifact from a shell or a program${mayChange(rights, "save") &&
        html`, or <a href=${hrefOf(["upload"])}>upload files</a>`}.</p>
      <${CopyBox} label="Command line"
        text=${`echo '{"depth": 12}' | holdfast save my:config - --as json`} />
      <${CopyBox} label="TypeScript" text=${`await registry.save("my:config", { depth: 12 });`} />
      <//>
  `;
}
