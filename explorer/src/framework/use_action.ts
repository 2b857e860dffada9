// An action that a button starts, such as a request.
import { useState } from "./preact.ts";

interface Asked {
  readonly isBusy: boolean;
  /** Absent unless the last start failed. */
  readonly error?: unknown;
}

/** Returns whether an action runs, why it failed, and a function that starts it. */
export function useAction(action: () => Promise<void>): Asked & { start: () => Promise<void> } {
  const [asked, setAsked] = useState<Asked>({ isBusy: false });
  const start = async () => {
    setAsked({ isBusy: true });
    try {
      await action();
      setAsked({ isBusy: false });
    } catch (error) {
      setAsked({ isBusy: false, error });
    }
  };
  return { ...asked, start };
}
