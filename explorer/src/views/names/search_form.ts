// The search field and the filters.
import { partsOf } from "../../../../apps/server/search/terms.ts";
import { queryOf } from "../../api/search.ts";
import { useSession } from "../../api/context.ts";
import { html } from "../../framework/html.ts";
import type { Place } from "../../framework/router.ts";

type Query = Place["query"];

/** Filters by their name in the address, and the condition of the search that each becomes. */
const FILTERS: readonly {
  key: string;
  label: string;
  type: "text" | "date";
  hint?: string;
  condition: (value: string) => string;
}[] = [
  { key: "kind", label: "Kind", type: "text", hint: "json", condition: (v) => `kind=${word(v)}` },
  {
    key: "alias",
    label: "Alias",
    type: "text",
    hint: "production",
    condition: (v) => `alias=${word(v)}`,
  },
  {
    key: "metadata",
    label: "Metadata",
    type: "text",
    hint: "epochs>3",
    condition: queryOf,
  },
  { key: "after", label: "From", type: "date", condition: (v) => `created>=${v}` },
  { key: "before", label: "To", type: "date", condition: (v) => `created<=${v}` },
];

export function isFiltering(query: Query): boolean {
  return FILTERS.some(({ key }) => query[key]);
}

export function searchText(query: Query): string {
  const conditions = FILTERS.flatMap(({ key, condition }) =>
    query[key] ? [condition(query[key].trim())] : []
  );
  const all = [queryOf(query.q ?? ""), ...conditions].filter((each) => each !== "");
  return (all.length > 1 ? all.flatMap(partsOf) : all).join(" ");
}

function word(text: string): string {
  return /\s/.test(text) ? `"${text.replaceAll('"', "")}"` : text;
}

export function SearchForm(
  { query, typed, change }: {
    query: Query;
    typed: string;
    change: (next: Record<string, string>) => void;
  },
) {
  const { service } = useSession();
  const onInput = (key: string) => (event: Event) =>
    change({ [key]: (event.currentTarget as HTMLInputElement).value });
  const clear = () =>
    change(Object.fromEntries(["q", ...FILTERS.map(({ key }) => key)].map((key) => [key, ""])));
  return html`
    <form class="stack" role="search" onSubmit=${(event: Event) => event.preventDefault()}>
      <div class="search">
        <input type="search" aria-label="Search" value=${typed} onInput=${onInput("q")}
          placeholder=${service.isSite ? "Search names" : "Search names, aliases and metadata"}
          autocomplete="off" spellcheck=${false} />
        ${(typed !== "" || isFiltering(query)) &&
          html`<button type="button" class="button" onClick=${clear}>Clear</button>`}
      </div>
      ${!service.isSite && html`
        <details class="same" open=${isFiltering(query)}>
          <summary>Filters</summary>
          <div class="filters">${FILTERS.map(({ key, label, type, hint }) =>
            html`<label class="field">${label}
            <input type=${type} value=${query[key] ?? ""} placeholder=${hint} onInput=${
              onInput(key)
            } /></label>`
          )}</div>
        </details>
      `}
    </form>
  `;
}
