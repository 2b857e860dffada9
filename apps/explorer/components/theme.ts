// Light and dark: that of the system, unless the reader chooses.
import { html } from "../framework/html.ts";
import { useEffect, useState } from "../framework/preact.ts";

const KEY = "holdfast-theme";
const NEXT: Readonly<Record<string, string>> = { system: "light", light: "dark", dark: "system" };
const MARKS: Readonly<Record<string, string>> = { system: "◐", light: "○", dark: "●" };

export function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem(KEY) ?? "system");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(KEY, theme);
  }, [theme]);
  return html`
    <button type="button" class="button button-quiet" title=${`Theme: ${theme}`}
      aria-label=${`Theme: ${theme}. Change it`} onClick=${() => setTheme(NEXT[theme] ?? "system")}>
      <span aria-hidden="true">${MARKS[theme] ?? "◐"}</span>
    </button>
  `;
}
