// The legend that several charts share. Each name emphasizes or hides its line in all of them.
import { html } from "../../framework/html.ts";
import { useEffect, useState } from "../../framework/preact.ts";
import type { LineLook } from "./chart_scales.ts";
import { lineFocus } from "./line_focus.ts";

export interface NamedLine extends Partial<LineLook> {
  readonly label: string;
}

export function SharedLegend({ lines, hidden, isBand, change }: {
  lines: readonly NamedLine[];
  /** Labels of lines that are not drawn. */
  hidden: readonly string[];
  /** The charts show the mean of the lines, and the range of their values. */
  isBand?: boolean;
  change: (hidden: readonly string[]) => void;
}) {
  const [focused, setFocused] = useState(lineFocus.label);
  useEffect(() => {
    const unfollow = lineFocus.follow(setFocused);
    return () => (unfollow(), lineFocus.set(undefined));
  }, []);
  const labels = lines.map(({ label }) => label);
  const shown = labels.filter((label) => !hidden.includes(label));
  const isWhole = shown.length === lines.length;
  return html`
    <div class="lines-legend">
      <ul aria-label="Lines">${lines.map((line) =>
        html`
          <${Name} key=${line.label} line=${isBand ? { label: line.label } : line}
            isShown=${shown.includes(line.label)} isFocused=${line.label === focused}
            toggle=${() =>
              change(
                shown.includes(line.label)
                  ? [...hidden, line.label]
                  : hidden.filter((label) => label !== line.label),
              )} />
        `
      )}</ul>
      <button type="button" class="button button-small" onClick=${() =>
        change(
          isWhole ? [...hidden, ...labels] : hidden.filter((label) => !labels.includes(label)),
        )}>${isWhole ? "Hide all" : "Show all"}</button>
      ${isBand && html`
        <span class="muted">Lines are the mean; areas span the smallest to the largest value.</span>
      `}
      ${shown.length === 0 && html`<p class="note">All lines are hidden.</p>`}
    </div>
  `;
}

function Name({ line: { label, color, isDashed }, isShown, isFocused, toggle }: {
  line: NamedLine;
  isShown: boolean;
  isFocused: boolean;
  toggle: () => void;
}) {
  const begin = () => lineFocus.set(isShown ? label : undefined);
  const end = () => lineFocus.set(undefined);
  return html`
    <li><button type="button" class=${isFocused ? "focused" : ""} aria-pressed=${isShown}
      title=${isShown ? "Hide it" : "Show it"} onClick=${() => (end(), toggle())}
      onPointerEnter=${begin} onPointerLeave=${end} onFocus=${begin} onBlur=${end}>${color && html`
        <span class="line-mark" style=${{
          borderBlockStart: `2px ${isDashed ? "dashed" : "solid"} var(${color})`,
        }}></span>
      `}${label}</button></li>
  `;
}
