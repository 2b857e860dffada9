// The versions that are compared, as chips in their order. Each can be removed or moved, others added.
import type { ArtifactVersion } from "../artifact_file.ts";
import { RefField } from "../components/ref_field.ts";
import { html } from "../framework/html.ts";
import { useLayoutEffect, useRef, useState } from "../framework/preact.ts";
import { hrefOfRef, splitRef } from "../framework/router.ts";
import { AliasTags, VersionMark } from "./version_labels.ts";

/** A ref to compare, and what is known of its version. */
export interface ComparedRef {
  readonly ref: string;
  /** Absent until it is opened, or if it cannot be. */
  readonly version?: ArtifactVersion;
  readonly error?: unknown;
  readonly aliases: readonly string[];
}

/** The chip and the button that has the focus after a change. */
interface Focus {
  readonly at: number;
  readonly action: Action;
}

/** As many are in two rows of a wide page, which stay in view. */
const MOST_STUCK = 8;

type Action = "earlier" | "later" | "remove";

/** Returns refs with one of them at another place. */
export function movedRef(refs: readonly string[], from: number, to: number): readonly string[] {
  const others = refs.toSpliced(from, 1);
  return others.toSpliced(Math.max(0, Math.min(to, others.length)), 0, refs[from]!);
}

export function RefChips({ items, name, change }: {
  items: readonly ComparedRef[];
  /** The name that all of them have. */
  name?: string;
  change: (refs: readonly string[]) => void;
}) {
  const refs = items.map(({ ref }) => ref);
  const compared = items.filter(({ error }) => error === undefined);
  const list = useRef<HTMLOListElement>(null);
  const nextFocus = useRef<Focus | undefined>(undefined);
  const [announcement, announce] = useState("");
  useLayoutEffect(() => {
    const { current } = nextFocus;
    nextFocus.current = undefined;
    if (current !== undefined) focusButton(list.current, current);
  }, [refs.join(" ")]);
  const move = (from: number, action: "earlier" | "later") => {
    const to = from + (action === "later" ? 1 : -1);
    nextFocus.current = { at: to, action };
    announce(`${refs[from]} is number ${to + 1} of ${refs.length}`);
    change(movedRef(refs, from, to));
  };
  const remove = (at: number) => {
    nextFocus.current = { at: Math.min(at, refs.length - 2), action: "remove" };
    announce(`${refs[at]} is removed`);
    change(refs.toSpliced(at, 1));
  };
  const add = (ref: string) => {
    announce(refs.includes(ref) ? `${ref} is already compared` : `${ref} is added`);
    if (!refs.includes(ref)) change([...refs, ref]);
  };
  return html`
    <section class=${items.length > MOST_STUCK
      ? "compared many"
      : "compared"} aria-label="Versions to compare">
      ${items.length > 0 && html`
        <ol ref=${list} class="chips">${items.map((item, at) =>
          html`
            <${Chip} key=${item.ref} item=${item} at=${at} count=${items.length}
              mark=${compared.length > 1 ? compared.indexOf(item) : -1}
              isShort=${name !== undefined} move=${move} remove=${remove} />
          `
        )}</ol>
      `}
      <div class="row at-end">
        <${AddForm} name=${name} add=${add} />
        ${items.length > 1 &&
          html`<button type="button" class="button" onClick=${() => change(refs.toReversed())}>${
            items.length === 2 ? "Swap" : "Reverse"
          }</button>`}
      </div>
      <span class="hidden" role="status">${announcement}</span>
    </section>
  `;
}

function focusButton(list: HTMLElement | null, { at, action }: Focus): void {
  const chip = list?.children[at];
  const button = chip?.querySelector<HTMLElement>(`[data-action="${action}"]`) ??
    chip?.querySelector<HTMLElement>("[data-action]");
  (button ?? document.querySelector<HTMLElement>(".chip-form input"))?.focus();
}

function Chip({ item, at, count, mark, isShort, move, remove }: {
  item: ComparedRef;
  at: number;
  count: number;
  /** The number of its color. */
  mark: number;
  isShort: boolean;
  move: (at: number, action: "earlier" | "later") => void;
  remove: (at: number) => void;
}) {
  const { ref, version, error, aliases } = item;
  const { name, version: typed } = splitRef(ref);
  const number = version?.version ?? typed ?? "latest";
  const button = (action: Action, label: string, sign: string, press: () => void) =>
    html`
      <button type="button" class="chip-button" data-action=${action} aria-label=${label}
        title=${label} onClick=${press}>${sign}</button>
    `;
  return html`
    <li class=${error === undefined ? "chip" : "chip odd"}>
      <${VersionMark} at=${mark} />
      <a href=${hrefOfRef(ref)} title=${ref}>${!isShort &&
        html`<span class="muted">${name}@</span>`}${number}</a>
      <${AliasTags} aliases=${aliases} />
      ${error !== undefined && html`<span class="tag tag-bad">not opened</span>`}
      ${at === 0 && count > 1 && html`<span class="muted">base</span>`}
      <span class="chip-buttons">
        ${count > 2 && at > 0 &&
          button("earlier", `Move ${ref} earlier`, "‹", () => move(at, "earlier"))}
        ${count > 2 && at < count - 1 &&
          button("later", `Move ${ref} later`, "›", () => move(at, "later"))}
        ${button("remove", `Remove ${ref}`, "×", () => remove(at))}
      </span>
    </li>
  `;
}

/** A field that begins with the name of the others, whose versions and aliases it offers. */
function AddForm({ name, add }: { name?: string; add: (ref: string) => void }) {
  const [typed, setTyped] = useState<string>();
  const value = typed ?? (name === undefined ? "" : `${name}@`);
  const submit = (event: Event) => {
    event.preventDefault();
    const ref = value.trim().replace(/@$/, "");
    if (ref === "") return;
    setTyped(undefined);
    add(ref);
  };
  return html`
    <form class="row grow chip-form" onSubmit=${submit}>
      <${RefField} label="Add a version" value=${value} change=${setTyped} />
      <button type="submit" class="button">Add</button>
    </form>
  `;
}
