// The heading of a name or a version: each part of a name leads to the names below it.
import { CopyButton } from "../../components/copy_box.ts";
import { html } from "../../framework/html.ts";
import type { ComponentChildren } from "../../framework/preact.ts";
import { hrefOf } from "../../framework/router.ts";

export function Heading(
  { name, version, tag, children }: {
    name: string;
    version?: string;
    /** Beside the name. */
    tag?: ComponentChildren;
    children?: ComponentChildren;
  },
) {
  const folders = name.match(/[^:/]*[:/](?=.)/g) ?? [];
  const last = name.slice(folders.join("").length);
  const slash = version === undefined && folders.length === 0 ? "" : " / ";
  return html`
    <div class="row spread heading">
      <div>
        <nav class="crumbs"
          aria-label="Path"><a href=${hrefOf([])}>Names</a>${slash}${folders.map((folder, i) =>
            html`<a href=${hrefOf([], { q: folders.slice(0, i + 1).join("") })}>${folder}</a>`
          )}${version !== undefined &&
            html`<a href=${hrefOf(["artifacts", name])}>${last}</a>`}</nav>
        <div class="row">
          <h1>${version === undefined
            ? last
            : html`${last} <span class="muted mono">${version}</span>`}</h1>
          ${tag}
          <${CopyButton} label="ref" text=${version === undefined ? name : `${name}@${version}`} />
        </div>
      </div>
      <div class="row actions">${children}</div>
    </div>
  `;
}

export function Tabs(
  { tabs, current, href }: {
    tabs: readonly (readonly [key: string, title: string])[];
    current: string;
    href: (key: string) => string;
  },
) {
  return html`
    <nav class="tabs" aria-label="Parts">${tabs.map(([key, title]) =>
      html`<a href=${href(key)} aria-current=${key === current ? "page" : undefined}>${title}</a>`
    )}</nav>
  `;
}
