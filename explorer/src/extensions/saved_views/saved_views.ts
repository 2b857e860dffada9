// The saved views of a name as links, and buttons that save and delete one.
import { hrefOf, html, useAction, useLoaded, usePlace, useState } from "../../extending.ts";
import { ErrorNotice, formatAgo, formatCount } from "../../extending.ts";
import { mayChange, mayRead, namePath, type Service, useSession } from "../../extending.ts";
import { SaveViewDialog } from "./save_view_dialog.ts";
import {
  canHaveViews,
  contentOf,
  isSameContent,
  type ListedView,
  type SavedView,
  viewsOf,
} from "./view_record.ts";
import { viewsName } from "./views_name.ts";

/** Versions that are read, and views that are shown at first. */
const MOST = 500, FEW = 12;

/** Shows the views of a name, except in a site, to those who may read them. */
export function SavedViews({ name }: { name: string }) {
  const { service, rights } = useSession();
  const isShown = !service.isSite && canHaveViews(name) && mayRead(rights, viewsName(name));
  return isShown ? html`<${Views} name=${name} />` : null;
}

function Views({ name }: { name: string }) {
  const { service, rights } = useSession();
  const under = viewsName(name);
  const maySave = mayChange(rights, "save", under);
  const loaded = useLoaded((signal) => readViews(service, name, signal), [name]);
  const [isAll, setAll] = useState(false);
  const [isSaving, setSaving] = useState(false);
  const { value, error, reload } = loaded;
  if (error !== undefined) return html`<${ErrorNotice} error=${error} retry=${reload} />`;
  if (value === undefined || !maySave && value.views.length === 0) return null;
  const { views, others, isCut } = value;
  const shown = isAll ? views : views.slice(0, FEW);
  return html`
    <section class="row views" aria-label="Saved views">
      ${views.length > 0 && html`
        <span class="muted">Views</span>
        <ul class="chips">${shown.map((view) =>
          html`<${ViewChip} key=${view.version} name=${name} view=${view} changed=${reload} />`
        )}</ul>
      `}
      ${shown.length < views.length && html`
        <button type="button" class="button button-small" onClick=${() => setAll(true)}>All ${views
          .length} views</button>
      `}
      ${maySave && html`
        <button type="button" class="button button-small" onClick=${() =>
          setSaving(true)}>Save view</button>
      `}
      ${views.length > 0 && html`<a href=${hrefOf(["artifacts", under])}>History</a>`}
      ${others > 0 && html`
        <span class="muted">${formatCount(others, "version")} of ${under} ${others === 1
          ? "is not a view"
          : "are not views"}.</span>
      `}
      ${isCut && html`<span class="muted">Only the newest ${MOST} versions are read.</span>`}
      ${isSaving && html`
        <${SaveViewDialog} name=${name} titles=${views.map(({ title }) => title)} saved=${reload}
          close=${() => setSaving(false)} />
      `}
    </section>
  `;
}

async function readViews(service: Service, name: string, signal: AbortSignal) {
  const query = { fields: "metadata,by" };
  const path = `${namePath(viewsName(name))}/versions`;
  const { items, isCut } = await service.first<ListedView>(path, MOST, { query, signal });
  return { ...viewsOf(name, items), isCut };
}

function ViewChip({ name, view, changed }: {
  name: string;
  view: SavedView;
  changed: () => void;
}) {
  const { service, rights, announce } = useSession();
  const content = contentOf(usePlace());
  const { title, version, href, savedAt, by, earlier } = view;
  const { isBusy, error, start } = useAction(async () => {
    const at = `${namePath(viewsName(name))}/versions/${encodeURIComponent(version)}`;
    await service.ask(at, { method: "DELETE" });
    const undo = async () => {
      await service.ask(`${at}/undelete`, { method: "POST" });
      changed();
    };
    const rest = earlier > 0 ? ", and the one before it is shown" : "";
    announce({ text: `The view "${title}" is deleted${rest}`, undo });
    changed();
  });
  const saved = `Saved ${formatAgo(savedAt)}${by === undefined ? "" : ` by ${by.name}`}${
    earlier > 0 ? `, ${formatCount(earlier, "earlier version")}` : ""
  }`;
  const isCurrent = content !== undefined && isSameContent(content, view);
  return html`
    <li class="chip">
      <a href=${href} title=${saved} aria-current=${isCurrent ? "true" : undefined}>${title}</a>
      ${mayChange(rights, "delete", viewsName(name)) && html`
        <button type="button" class="chip-button" disabled=${isBusy} onClick=${start}
          title="Delete this view" aria-label=${`Delete the view ${title}`}>×</button>
      `}
      ${error !== undefined && html`<${ErrorNotice} error=${error} />`}
    </li>
  `;
}
