// Finds the view of an address. Each but the first is loaded when it is opened.
import { Empty, Lazy, Loading } from "../components/notices.ts";
import { html } from "../framework/html.ts";
import { useEffect } from "../framework/preact.ts";
import { hrefOf, hrefOfRef, openPlace } from "../framework/router.ts";
import type { ViewProps } from "./mod.ts";
import { Names } from "./names/names.ts";

type Component = (props: ViewProps) => unknown;

const LAZY: Readonly<Record<string, () => Promise<Component>>> = {
  artifacts: async () => (await import("./artifact/mod.ts")).ArtifactView,
  lineage: async () => (await import("./lineage/lineage_view.ts")).LineageView,
  storage: async () => (await import("./storage/storage_view.ts")).StorageView,
  runs: async () => (await import("./work/runs_view.ts")).RunsView,
  logged: async () => (await import("./work/logged_run_view.ts")).LoggedRunView,
  jobs: async () => (await import("./work/jobs_view.ts")).JobsView,
  upload: async () => (await import("./upload/upload_view.ts")).UploadView,
  compare: async () => (await import("./compare_view.ts")).CompareView,
};

export function View({ place }: ViewProps) {
  const [first] = place.path;
  if (first === undefined) return html`<${Names} place=${place} />`;
  if (Object.hasOwn(LAZY, first)) {
    return html`<${Lazy} key=${first} load=${LAZY[first]} place=${place} />`;
  }
  const ref = place.path.join("/");
  if (/[:@]/.test(ref)) return html`<${Opened} ref=${ref} />`;
  return html`<${Empty} title="There is no such view"><a href=${hrefOf([])}>All names</a><//>`;
}

/** Opens the address that a person would type: `#/my:model@1.0.0`. */
function Opened({ ref }: { ref: string }) {
  useEffect(() => openPlace(hrefOfRef(ref), { replace: true }), [ref]);
  return html`<${Loading} />`;
}
