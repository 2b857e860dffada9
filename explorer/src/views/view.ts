// All views, and the one of an address. Each but the first is loaded when it is opened.
import { type Session, useSession } from "../api/context.ts";
import { mayChange, notInSite } from "../api/service.ts";
import { Empty, ErrorNotice, Lazy, Loading } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useEffect } from "../framework/preact.ts";
import { hrefOf, hrefOfRef, openPlace } from "../framework/router.ts";
import type { ViewEntry, ViewProps } from "./mod.ts";
import { Names } from "./names/names.ts";

/** The views of the page, in the order of the navigation. Those of extensions are before the last. */
export const VIEWS: readonly ViewEntry[] = [
  { at: "", title: "Names", load: () => Promise.resolve(Names) },
  {
    at: "artifacts",
    title: "Names",
    of: "",
    load: async () => (await import("./artifact/mod.ts")).ArtifactView,
  },
  {
    at: "compare",
    title: "Compare",
    load: async () => (await import("./compare_view.ts")).CompareView,
  },
  {
    at: "lineage",
    title: "Lineage",
    load: async () => (await import("./lineage/lineage_view.ts")).LineageView,
  },
  {
    at: "storage",
    title: "Storage",
    isOffered: ({ rights, service }) => rights.admin && !service.isSite,
    load: async () => (await import("./storage/storage_view.ts")).StorageView,
  },
  {
    at: "runs",
    title: "Runs",
    isOffered: ({ service }) => !service.isSite,
    load: async () => (await import("./runs/runs_view.ts")).RunsView,
  },
  {
    at: "upload",
    title: "Upload",
    isOffered: ({ service, rights }) => !service.isSite && mayChange(rights, "save"),
    load: async () => (await import("./upload/upload_view.ts")).UploadView,
  },
];

/** Returns all views. One of an extension replaces that with the same address. */
export function viewsOf({ extensions }: Pick<Session, "extensions">): readonly ViewEntry[] {
  const own = extensions.flatMap(({ views = [] }) => views);
  const all = [...VIEWS.slice(0, -1), ...own, ...VIEWS.slice(-1)];
  return [...new Map(all.map((view) => [view.at, view])).values()];
}

export function View({ place }: ViewProps) {
  const session = useSession();
  const [first] = place.path;
  if (first === undefined) return html`<${Names} place=${place} />`;
  const view = viewsOf(session).find(({ at }) => at === first);
  if (view !== undefined) return html`<${Lazy} key=${first} load=${view.load} place=${place} />`;
  const ref = place.path.join("/");
  if (/[:@]/.test(ref)) return html`<${Opened} ref=${ref} />`;
  return html`
    <h1 class="hidden">Unknown address</h1>
    ${session.service.isSite ? html`<${ErrorNotice} error=${notInSite()} />` : html`
      <${Empty} title="There is no such view">
        <p>Go to <a href=${hrefOf(
          [],
        )}>all names</a>, or type a ref such as <code>team:model@1</code>
          behind <code>#/</code>.</p>
        <//>
    `}
  `;
}

/** Opens the address that a person would type: `#/my:model@1.0.0`. */
function Opened({ ref }: { ref: string }) {
  useEffect(() => openPlace(hrefOfRef(ref), { replace: true }), [ref]);
  return html`<${Loading} />`;
}
