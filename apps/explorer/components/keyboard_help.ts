// The keys that work on the page, shown by `?`.
import { html } from "../framework/html.ts";
import { useEffect, useRef } from "../framework/preact.ts";

const KEYS = [
  ["Tab", "go to the next link, button or list"],
  ["↑ ↓ Page Up Page Down Home End", "move in lists and trees"],
  ["← →", "close and open a branch of a tree"],
  ["Enter", "open the selected item"],
  ["+ − 0, arrows", "zoom, fit and move a graph"],
  ["/", "go to the search or the filter"],
  ["Esc", "close a dialog"],
  ["?", "show these keys"],
];

export function KeyboardHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { tagName, isContentEditable } = event.target as HTMLElement;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(tagName) || isContentEditable) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const search = document.querySelector<HTMLElement>('main input[type="search"]');
      if (event.key === "?") dialog.current!.showModal();
      else if (event.key === "/" && search !== null) search.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return html`
    <dialog ref=${dialog} aria-label="Keyboard">
      <form method="dialog">
        <h2>Keyboard</h2>
        <dl class="facts">${KEYS.map(([keys, what]) =>
          html`
            <dt><kbd>${keys}</kbd></dt>
            <dd>${what}</dd>
          `
        )}</dl>
        <div class="dialog-end"><button class="button button-main">Close</button></div>
      </form>
    </dialog>
  `;
}
