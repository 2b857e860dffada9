// Server-sent events, as a test reads them.
export interface EventText {
  /** Waits until the text has this in it, and gives all that came since the last call. */
  until(part: string): Promise<string>;
  leave(): Promise<void>;
  end(): Promise<boolean>;
}

export function readEvents(response: Response): EventText {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  return {
    async until(part) {
      let text = "";
      while (!text.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the events ended after ${JSON.stringify(text)}`);
        text += value;
      }
      return text;
    },
    leave: () => reader.cancel(),
    async end() {
      for (;;) if ((await reader.read()).done) return true;
    },
  };
}
