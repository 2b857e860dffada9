// Deleted versions that can be restored, each with a button.
import { type Author, type ListedVersion, namePath } from "../../api/artifacts.ts";
import { useSession } from "../../api/context.ts";
import { type Beginning, mayChange, type Service } from "../../api/service.ts";
import { formatAgo, formatBytes, formatTime } from "../../format/format.ts";
import { ErrorNotice, Shown } from "../../components/notices.ts";
import { type Column, Table } from "../../components/table.ts";
import { html } from "../../framework/html.ts";
import { splitRef } from "../../framework/router.ts";
import { useAction } from "../../framework/use_action.ts";
import { useLoaded } from "../../framework/use_loaded.ts";
import { useQuery } from "../../framework/use_query.ts";

interface DeletedVersion extends ListedVersion {
  readonly deleted?: { readonly at: string; readonly until: string; readonly by?: Author };
}

/** The command line lists more. */
const MOST = 200;

async function listDeleted(
  service: Service,
  name: string,
  { range, signal }: { range?: string; signal?: AbortSignal },
): Promise<Beginning<DeletedVersion>> {
  const query = { deleted: true, fields: "size,createdAt", range };
  return await service.first(`${namePath(name)}/versions`, MOST, { query, signal });
}

/** Restores a version, and offers to delete it again. */
function useRestore(name: string, changed: () => void) {
  const { service, announce } = useSession();
  return async (version: string) => {
    const path = `${namePath(name)}/versions/${encodeURIComponent(version)}`;
    const { commit } = await (await service.ask(`${path}/undelete`, { method: "POST" })).json();
    announce({
      text: `${name}@${version} is restored`,
      undo: async () => {
        await service.ask(path, { method: "DELETE", query: { ifCommit: commit } });
        changed();
      },
    });
    changed();
  };
}

/** A closed list of the deleted versions of a name, which are read once it is opened. */
export function DeletedVersions({ name, isOpen = false, state, changed }: {
  name: string;
  /** @default as the URL has it */
  isOpen?: boolean;
  /** Lists them again when it changes. */
  state: string;
  changed: () => void;
}) {
  const { service } = useSession();
  const [shown, setShown] = useQuery("deleted");
  const open = isOpen || shown !== "";
  if (service.isSite) return null;
  const toggled = ({ currentTarget }: Event) => {
    const { open } = currentTarget as HTMLDetailsElement;
    if (!isOpen) setShown(open ? "shown" : "");
  };
  return html`
    <details class="deleted" open=${open} onToggle=${toggled}>
      <summary>Deleted versions</summary>
      ${open && html`<${DeletedTable} name=${name} state=${state} changed=${changed} />`}
    </details>
  `;
}

function DeletedTable(
  { name, state, changed }: { name: string; state: string; changed: () => void },
) {
  const { service, rights } = useSession();
  const listed = useLoaded((signal) => listDeleted(service, name, { signal }), [name, state]);
  const restore = useRestore(name, () => (listed.reload(), changed()));
  const writes = mayChange(rights, "delete", name);
  const columns: Column<DeletedVersion>[] = [
    { title: "Version", class: "mono", cell: ({ version }) => version },
    {
      title: "Deleted",
      cell: ({ deleted, error }) =>
        deleted === undefined ? error?.detail : html`
          <span title=${formatTime(deleted.at)}>${formatAgo(deleted.at)}${deleted.by &&
            ` by ${deleted.by.name}`}</span>
        `,
    },
    { title: "Can be restored until", cell: ({ deleted }) => deleted && untilText(deleted.until) },
    { title: "Size", class: "number", cell: ({ info }) => info && formatBytes(info.size) },
    {
      title: "Actions",
      isUntitled: true,
      cell: ({ version, deleted }) =>
        writes && deleted && html`<${RestoreButton} version=${version} restore=${restore} />`,
    },
  ];
  return html`
    <${Shown} of=${listed} what="Listing deleted versions">${({
      items,
      isCut,
    }: Beginning<DeletedVersion>) =>
      html`
        <div class="stack">
          ${items.length === 0
            ? html`<p class="muted">No deleted version can be restored.</p>`
            : html`
              <${Table} label="Deleted versions" rows=${items} columns=${columns}
                keyOf=${({ version }: DeletedVersion) => version} />
            `}
          ${items.length > 0 && !writes && html`
            <p class="muted">To restore one, a token needs the scope <code>delete:${name}</code>.</p>
          `}
          ${isCut && html`<p class="muted">The newest ${MOST} are shown.</p>`}
        </div>
      `}<//>
  `;
}

/** Deleted files stay longer than the grace period if the garbage collector does not run. */
function untilText(until: string): string {
  return Date.parse(until) > Date.now() ? formatTime(until) : "gc runs";
}

function RestoreButton(
  { version, restore }: { version: string; restore: (version: string) => Promise<void> },
) {
  const { isBusy, error, start } = useAction(() => restore(version));
  return html`
    <button type="button" class="button button-small" disabled=${isBusy}
      aria-label=${`Restore ${version}`} onClick=${start}>Restore</button>
    ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
  `;
}

/** Offers to restore the version of a ref, if it was deleted. */
export function RestoreOffer({ of, changed }: { of: string; changed: () => void }) {
  const { service, rights } = useSession();
  const { name, version = "" } = splitRef(of);
  const restore = useRestore(name, changed);
  const { value } = useLoaded(async (signal) => {
    if (service.isSite || !/^\d/.test(version)) return undefined;
    const { items } = await listDeleted(service, name, { range: version, signal });
    return items.find((each) => each.version === version)?.deleted;
  }, [name, version]);
  if (value === undefined) return null;
  const { at, by, until } = value;
  return html`
    <section class="card row" aria-label="Deleted version">
      <p class="grow"><span class="mono">${version}</span> was deleted <span title=${formatTime(
        at,
      )}>${formatAgo(at)}</span>${by &&
        ` by ${by.name}`}, and can be restored until ${untilText(until)}.</p>
      ${mayChange(rights, "delete", name) &&
        html`<${RestoreButton} version=${version} restore=${restore} />`}
    </section>
  `;
}
