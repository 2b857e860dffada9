// The line that the pointer or the keyboard is on: all charts of the page emphasize it.

type Listener = (label: string | undefined) => void;

export class LineFocus {
  #label: string | undefined;
  readonly #listeners = new Set<Listener>();

  /** The label of the line, which is that of a run or a version; undefined for none. */
  get label(): string | undefined {
    return this.#label;
  }

  set(label: string | undefined): void {
    if (label === this.#label) return;
    this.#label = label;
    for (const listener of this.#listeners) listener(label);
  }

  /** Calls a function after each change, until the returned one is called. */
  follow(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The line of the page: there is one pointer, and one focus. */
export const lineFocus: LineFocus = new LineFocus();
