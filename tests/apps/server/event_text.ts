// Server-sent events, as a test reads them.
export interface EventText {
  /** Returns the text from the end of the previous call to the end of `part`. */
  until(part: string): Promise<string>;
  leave(): Promise<void>;
  end(): Promise<boolean>;
}

export function readEvents(response: Response): EventText {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  return {
    async until(part) {
      while (!rest.includes(part)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`the events ended after ${JSON.stringify(rest)}`);
        rest += value;
      }
      const end = rest.indexOf(part) + part.length;
      const text = rest.slice(0, end);
      rest = rest.slice(end);
      return text;
    },
    leave: () => reader.cancel(),
    async end() {
      for (;;) if ((await reader.read()).done) return true;
    },
  };
}
