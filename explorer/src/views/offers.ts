// Versions to begin with, for the empty views that compare and trace versions.
import { namePath } from "../api/artifacts.ts";
import { useSession } from "../api/context.ts";
import { FactList } from "../components/fact_list.ts";
import { html } from "../framework/html.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import type { Service } from "../api/service.ts";

/** A version that people promoted, or saved lately. */
export interface Offer {
  readonly name: string;
  readonly version: string;
  /** @default it is the newest version */
  readonly alias?: string;
  /** The version that had the alias before, or was saved before it. */
  readonly before?: string;
}

const ALIAS = "production";
const MOST = 5;
/** Names among which the newest versions are found. */
const MOST_NAMES = 200;

interface Page<T> {
  readonly items: readonly T[];
}

/** Shows links for versions. Without a search, as in a site, there are none. */
export function Offers(
  { label, hrefFor }: { label: string; hrefFor: (offer: Offer) => string | undefined },
) {
  const { service, about } = useSession();
  const { value: offers = [] } = useLoaded(
    (signal) =>
      about.features.includes("search") ? readOffers(service, signal) : Promise.resolve([]),
    [],
  );
  const links = offers.flatMap((offer) => {
    const href = hrefFor(offer);
    return href === undefined ? [] : [{ ...offer, href }];
  });
  if (links.length === 0) return null;
  return html`
    <section class="card stack" aria-label=${label}>
      <h2>${label}</h2>
      <${FactList} facts=${links.map(({ name, version, alias, before, href }) => [
        html`<a href=${href}>${name}</a>`,
        `${alias ?? "the newest"} (${version})${
          before === undefined ? "" : `, before it ${before}`
        }`,
      ])} />
    </section>
  `;
}

async function readOffers(service: Service, signal: AbortSignal): Promise<readonly Offer[]> {
  const query = { q: `alias=${ALIAS}`, partial: true, limit: MOST };
  const { items } = await service.json<Page<Offer>>("search", { query, signal });
  if (items.length === 0) return await newestOffers(service, signal);
  return await Promise.all(items.map(async ({ name, version }): Promise<Offer> => {
    const path = `${namePath(name)}/aliases/${ALIAS}/history`;
    const query = { limit: 10 };
    const { items } = await service.json<Page<Partial<Offer>>>(path, { query, signal });
    const others = items.map((entry) => entry.version).filter((each) => each !== version);
    const before = others.find((each) => each !== undefined) ??
      await versionBefore(service, { name, version }, signal);
    return { name, version, alias: ALIAS, before };
  }));
}

/** Returns the next lower version. */
async function versionBefore(
  service: Service,
  { name, version }: Pick<Offer, "name" | "version">,
  signal: AbortSignal,
): Promise<string | undefined> {
  const query = { range: `<${version}`, limit: 1 };
  const path = `${namePath(name)}/versions`;
  const { items } = await service.json<Page<{ version: string }>>(path, { query, signal });
  return items[0]?.version;
}

async function newestOffers(service: Service, signal: AbortSignal): Promise<readonly Offer[]> {
  const query = { newest: true, partial: true, limit: MOST_NAMES };
  const page = await service.json<Page<Offer & { createdAt: string }>>("search", { query, signal });
  const newest = page.items.toSorted((a, b) => Date.parse(b.createdAt) - Date.parse(a.createdAt));
  return await Promise.all(
    newest.slice(0, MOST).map(async ({ name, version }): Promise<Offer> => {
      const query = { limit: 2 };
      const path = `${namePath(name)}/versions`;
      const { items } = await service.json<Page<{ version: string }>>(path, { query, signal });
      return { name, version, before: items.find((each) => each.version !== version)?.version };
    }),
  );
}
