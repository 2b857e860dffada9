// Notices: an error, progress, nothing to show.
import { useSession } from "../api/context.ts";
import type { ServiceError } from "../api/service.ts";
import { formatBytes } from "../format/format.ts";
import { html } from "../framework/html.ts";
import { type ComponentChildren, Fragment, type VNode } from "../framework/preact.ts";
import { hrefOf, hrefOfRef } from "../framework/router.ts";
import { isAway, type Loaded, useLoaded } from "../framework/use_loaded.ts";

/** Shows an error with the hint that fixes it. */
export function ErrorNotice({ error, retry }: { error: unknown; retry?: () => void }) {
  const { message, hint, suggestion, status } = error as Partial<ServiceError>;
  const isLost = status === 404 && hint === undefined && suggestion === undefined;
  return html`
    <div class="notice notice-error" role="alert">
      <p class="notice-text">${message ?? String(error)}</p>
      <${Suggestion} of=${error} />
      ${hint && html`<p class="notice-hint">${hint}</p>`}
      ${isLost &&
        html`<p class="notice-hint">Search for it in <a href=${hrefOf([])}>all names</a>.</p>`}
      ${retry && html`<button type="button" class="button" onClick=${retry}>Try again</button>`}
    </div>
  `;
}

/** Shows the name or ref that was probably meant, if the service knows one. */
export function Suggestion({ of: { suggestion } }: { of: Partial<ServiceError> }) {
  return suggestion === undefined ? null : html`
    <p class="notice-hint">Did you mean <a href=${hrefOfRef(suggestion)}>${suggestion}</a>?</p>
  `;
}

/** Shows that something is loading. It appears only after a moment, so fast answers do not flash. */
export function Loading({ what = "Loading" }: { what?: string }) {
  return html`<p class="loading" role="status"><span class="spinner" aria-hidden="true"></span>${what}…</p>`;
}

/** Shows the progress of something, of 1. */
export function Progress({ value, label }: { value?: number; label: string }) {
  const percent = value === undefined ? undefined : Math.floor(value * 100);
  return html`
    <div class="progress" role="progressbar" aria-label=${label} aria-valuenow=${percent}
      aria-valuemin="0" aria-valuemax="100">
      <span style=${{ inlineSize: `${percent ?? 30}%` }}></span>
    </div>
  `;
}

/** Says that there is nothing, and what to do. */
export function Empty({ title, children, docs }: {
  title: string;
  children?: ComponentChildren;
  /** The document about views that are empty until something is done elsewhere. */
  docs?: string;
}) {
  const { version } = useSession().about.service;
  const href = `https://jsr.io/@holdfast/holdfast/${version}/docs/${docs}`;
  return html`
    <div class="empty">
      ${docs && html`<img src="icon.svg" alt="" width="48" height="48" />`}
      <p class="empty-title">${title}</p>${children}
      ${docs && html`<p><a href=${href} target="_blank" rel="noreferrer">Documentation</a></p>`}
    </div>
  `;
}

/**
 * Shows a value when it is loaded, else its error or that it is loading. While the service cannot be
 * reached, what was loaded before stays.
 */
export function whenLoaded<T>(
  { value, error, reload }: Loaded<T>,
  show: (value: T) => ComponentChildren,
  what?: string,
): VNode {
  const notice = error !== undefined && html`<${ErrorNotice} error=${error} retry=${reload} />`;
  if (notice && (value === undefined || !isAway(error))) return notice;
  if (value === undefined) return html`<${Loading} what=${what} />`;
  return html`<${Fragment}>${notice}<${Fragment}>${show(value)}<//><//>`;
}

/** {@linkcode whenLoaded} as a component. */
export function Shown<T>({ of, what, children }: {
  of: Loaded<T>;
  what?: string;
  children: (value: T) => ComponentChildren;
}) {
  return whenLoaded(of, children, what);
}

export function Lazy({ load, ...props }: { load: () => Promise<unknown> }): VNode {
  return whenLoaded(useLoaded(load, []), (View) => html`<${View} ...${props} />`);
}

/** A byte count in large type, above what it means. */
export function Tile({ bytes, text }: { bytes: number; text: string }) {
  const shown = formatBytes(Math.max(0, bytes));
  return html`
    <div class="tile">
      <div class="tile-value" style=${{ "--characters": Math.max(8, shown.length) }}>${shown}</div>
      <span class="muted">${text}</span>
    </div>
  `;
}
