// Open requests for promotions, which are shown above the names.
import { FactList, formatAgo, hrefOf, html, useLoaded } from "../../extending.ts";
import { namePath, type Service, ServiceError, useSession } from "../../extending.ts";

interface Found {
  readonly name: string;
  readonly version: string;
  readonly labels?: Readonly<Record<string, unknown>>;
}

interface AskedPromotion extends Found {
  readonly alias: string;
  /** The version that the alias points to. */
  readonly current?: string;
  /** ISO 8601. */
  readonly at: string;
  readonly note?: string;
}

const LABEL = "promotion-asked";
/** Requests that are shown, and versions of one search. */
const MOST = 20;
/** Requests that have ended stay in labels. */
const MOST_SEARCHES = 10;
const MOST_CHARACTERS = 1_000;

/** Shows open requests. Without a search, as in a site, there are none. */
export function Asked() {
  const { service, about } = useSession();
  const { value: asked = [] } = useLoaded(
    (signal) =>
      about.features.includes("search") ? readAsked(service, signal) : Promise.resolve([]),
    [],
  );
  if (asked.length === 0) return null;
  return html`
    <section class="card stack" aria-label="Promotions asked for">
      <h2>Promotions asked for</h2>
      <${FactList} facts=${asked.slice(0, MOST).map((
        { name, version, alias, current, at, note },
      ) => [
        html`<a href=${hrefOf(["artifacts", name, version])}>${name}@${version}</a>`,
        `${alias}${current === undefined ? "" : `, now ${current}`}, asked ${formatAgo(at)}${
          note === undefined ? "" : `: ${note}`
        }`,
      ])} />
      ${asked.length > MOST && html`<p class="muted">Only ${MOST} requests are shown.</p>`}
    </section>
  `;
}

/** Returns the first open requests, and one more than are shown if there are more. */
export async function readAsked(
  service: Pick<Service, "json">,
  signal: AbortSignal,
): Promise<AskedPromotion[]> {
  const open: AskedPromotion[] = [];
  let offset: number | undefined = 0;
  for (let search = 0; search < MOST_SEARCHES && offset !== undefined; search++) {
    const query = { q: `labels.${LABEL}.alias!=`, partial: true, limit: MOST, offset };
    const found: { items: Found[]; next?: number } = await service.json("search", {
      query,
      signal,
    });
    open.push(
      ...(await Promise.all(found.items.map((each) => openIn(service, each, signal)))).flat(),
    );
    if (open.length > MOST) break;
    offset = found.next;
  }
  return open.slice(0, MOST + 1);
}

/** Returns the request of a version if it is open. */
async function openIn(
  service: Pick<Service, "json">,
  found: Found,
  signal: AbortSignal,
): Promise<AskedPromotion[]> {
  const { alias, since, at, note } = Object(found.labels?.[LABEL]);
  if (typeof alias !== "string" || typeof at !== "string" || Number.isNaN(Date.parse(at))) {
    return [];
  }
  const aliases = `${namePath(found.name)}/aliases`;
  try {
    // Any change of the alias ends the request. An alias that never existed has no history.
    const [change] = since === undefined
      ? (await itemsOf(service, aliases, signal)).filter((each) => each.alias === alias)
      : await itemsOf(service, `${aliases}/${encodeURIComponent(alias)}/history`, signal, 1);
    const hasChanged = since === undefined ? change !== undefined : change?.commit !== since;
    if (hasChanged || change?.version === found.version) return [];
    const text = typeof note === "string" ? note.slice(0, MOST_CHARACTERS) : undefined;
    return [{ ...found, alias, at, note: text, current: change?.version }];
  } catch (error) {
    // A label that names no alias, or another change, hides no other request.
    if (error instanceof ServiceError && [400, 404, 422].includes(error.status)) return [];
    throw error;
  }
}

interface Change {
  readonly alias?: string;
  readonly version?: string;
  /** Of a history. */
  readonly commit?: string;
}

async function itemsOf(
  service: Pick<Service, "json">,
  path: string,
  signal: AbortSignal,
  limit?: number,
): Promise<Change[]> {
  return (await service.json<{ items: Change[] }>(path, { query: { limit }, signal })).items;
}
