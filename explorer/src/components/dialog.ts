// A modal dialog with a form. The browser keeps the focus inside and gives it back.
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { type ComponentChildren, useEffect, useId, useRef, useState } from "../framework/preact.ts";
import { ErrorNotice } from "./notices.ts";

export interface DialogProps {
  readonly title: string;
  readonly action: string;
  readonly danger?: boolean;
  readonly disabled?: boolean;
  readonly children: ComponentChildren;
  /** Runs the action. The dialog closes when it has succeeded, and shows its error otherwise. */
  readonly run: (form: FormData) => Promise<void>;
  readonly close: () => void;
}

export function Dialog(props: DialogProps) {
  const { title, action, danger, disabled, children, run, close } = props;
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [state, setState] = useState<{ busy: boolean; error?: unknown }>({ busy: false });
  useEffect(() => {
    const element = elementOf(dialog);
    element.showModal();
    return () => element.close();
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    setState({ busy: true });
    try {
      await run(new FormData(event.currentTarget as HTMLFormElement));
      close();
    } catch (error) {
      setState({ busy: false, error });
    }
  };
  return html`
    <dialog ref=${dialog} aria-labelledby=${id} onClose=${close}>
      <form onSubmit=${submit} onInput=${() => state.error && setState({ busy: false })}>
        <h2 id=${id}>${title}</h2>
        ${children}
        ${state.error !== undefined && html`<${ErrorNotice} error=${state.error} />`}
        <div class="row dialog-end">
          <button type="button" class="button" onClick=${close}>Cancel</button>
          <button type="submit" class=${danger ? "button button-danger" : "button button-main"}
            disabled=${disabled || state.busy}>${state.busy ? "Working…" : action}</button>
        </div>
      </form>
    </dialog>
  `;
}
