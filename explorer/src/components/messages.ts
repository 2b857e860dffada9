// A message after a change, with a button that undoes it.
import { html } from "../framework/html.ts";
import { useEffect, useState } from "../framework/preact.ts";
import type { Message } from "../api/context.ts";
import { usePlace } from "../framework/router.ts";
import { ErrorNotice } from "./notices.ts";

const SHOWN_MS = 10_000;

/**
 * Shows the last change until it is undone or closed, the page is left, or ten seconds after the
 * reader went on.
 */
export function ShownMessage({ message, close }: { message: Message; close: () => void }) {
  const { text, undo } = message;
  const page = usePlace().path.join("/");
  const [first] = useState(page); // the change may have led to it
  useEffect(() => void (page !== first && close()), [page]);
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  const [isUsed, setUsed] = useState(false);
  const stays = isUsed || state.busy || state.error !== undefined;
  useEffect(() => {
    if (stays) return;
    const gone = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    const begin = () => timer ??= setTimeout(close, SHOWN_MS);
    for (const sign of ["pointermove", "keydown", "scroll"]) {
      addEventListener(sign, begin, { signal: gone.signal, passive: true });
    }
    return () => (gone.abort(), clearTimeout(timer));
  }, [stays]);
  const run = async () => {
    setState({ busy: true });
    try {
      await undo();
      close();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return html`
    <div class="message card stack" onMouseEnter=${() => setUsed(true)}
      onMouseLeave=${() => setUsed(false)} onFocusIn=${() => setUsed(true)}
      onFocusOut=${() => setUsed(false)}>
      <div class="row">
        <span role="status" class="grow">${text}</span>
        <button type="button" class="button" disabled=${state.busy} onClick=${run}>Undo</button>
        <button type="button" class="button button-quiet" aria-label="Close the message"
          onClick=${close}>×</button>
      </div>
      ${state.error !== undefined && html`<${ErrorNotice} error=${state.error} />`}
    </div>
  `;
}
