// Text as lines. What a process that was killed has not ended is no line.
export class TextLineStream extends TransformStream<string, string> {
  /** Nothing has come yet. */
  constructor() {
    let rest = "";
    super({
      transform(text, controller) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) controller.enqueue(line);
      },
    });
  }
}
