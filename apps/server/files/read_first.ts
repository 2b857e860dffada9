// A stream that is known to have begun.
/** Reads what comes first, so that what fails at once is an error and no broken answer; then the same stream again. */
export async function readFirst(
  stream: ReadableStream<Uint8Array>,
): Promise<ReadableStream<Uint8Array>> {
  const reader = stream.getReader();
  let first: ReadableStreamReadResult<Uint8Array> | undefined = await reader.read();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = first ?? await reader.read();
      first = undefined;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/**
 * The same stream, a chunk behind: what is found at its end, as that the bytes are not those that were saved, is found
 * before the last of them is given, and nobody takes them for whole.
 */
export function oneBehind(stream: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> {
  const reader = stream.getReader();
  let held: Uint8Array | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const { done, value } = await reader.read();
        const given = held;
        held = value;
        if (given !== undefined) controller.enqueue(given);
        if (done) controller.close();
        if (done || given !== undefined) return;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
