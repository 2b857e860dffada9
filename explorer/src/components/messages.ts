// A message after a change, with a button that undoes it.
import { html } from "../framework/html.ts";
import { useState } from "../framework/preact.ts";
import type { Message } from "../api/context.ts";
import { ErrorNotice } from "./notices.ts";

/** Shows the last change until it is undone or closed. */
export function ShownMessage({ message, close }: { message: Message; close: () => void }) {
  const { text, undo } = message;
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
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
    <div class="message card stack">
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
