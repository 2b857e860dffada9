// Open requests for promotions, which are shown above the names.
import { namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import type { Service } from "../../api/service.ts";
import { FactList } from "../../components/fact_list.ts";
import { formatAgo } from "../../format/format.ts";
import { html } from "../../framework/html.ts";
import { hrefOf } from "../../framework/router.ts";
import { useLoaded } from "../../framework/use_loaded.ts";

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
const MOST = 20;

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
      <${FactList} facts=${asked.map(({ name, version, alias, current, at, note }) => [
        html`<a href=${hrefOf(["artifacts", name, version])}>${name}@${version}</a>`,
        `${alias}${current === undefined ? "" : `, now ${current}`}, asked ${formatAgo(at)}${
          note === undefined ? "" : `: ${note}`
        }`,
      ])} />
    </section>
  `;
}

async function readAsked(service: Service, signal: AbortSignal): Promise<AskedPromotion[]> {
  const query = { q: `labels.${LABEL}.alias!=`, partial: true, limit: MOST };
  const { items } = await service.json<{ items: Found[] }>("search", { query, signal });
  const all = items.map(async (found): Promise<AskedPromotion[]> => {
    const { alias, since, at, note } = Object(found.labels?.[LABEL]);
    if (typeof alias !== "string" || Number.isNaN(Date.parse(at))) return [];
    const aliases = `${namePath(found.name)}/aliases`;
    // Any change of the alias ends the request. An alias that never existed has no history to read.
    const [change] = since === undefined
      ? (await itemsOf(service, aliases, signal)).filter((each) => each.alias === alias)
      : await itemsOf(service, `${aliases}/${encodeURIComponent(alias)}/history`, signal, 1);
    const hasChanged = since === undefined ? change !== undefined : change?.commit !== since;
    if (hasChanged || change?.version === found.version) return [];
    const text = typeof note === "string" ? note : undefined;
    return [{ ...found, alias, at, note: text, current: change?.version }];
  });
  return (await Promise.all(all)).flat();
}

interface Change {
  readonly alias?: string;
  readonly version?: string;
  /** Of a history. */
  readonly commit?: string;
}

async function itemsOf(
  service: Service,
  path: string,
  signal: AbortSignal,
  limit?: number,
): Promise<Change[]> {
  return (await service.json<{ items: Change[] }>(path, { query: { limit }, signal })).items;
}
