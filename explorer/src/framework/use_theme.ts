// The theme that the page shows: that of the system, or the chosen one.
import { useEffect, useState } from "./preact.ts";

const OF_SYSTEM = ["(prefers-color-scheme: dark)", "(forced-colors: active)"];

/** Returns the color of text, which differs between themes. */
export function useTheme(): string {
  const [text, setText] = useState(textColor);
  useEffect(() => {
    const controller = new AbortController();
    const follow = () => setText(textColor());
    for (const query of OF_SYSTEM) {
      matchMedia(query).addEventListener("change", follow, { signal: controller.signal });
    }
    const chosen = new MutationObserver(follow);
    chosen.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    follow(); // it may have changed before this effect
    return () => (controller.abort(), chosen.disconnect());
  }, []);
  return text;
}

function textColor(): string {
  return getComputedStyle(document.body).color;
}
