// Answers, with plain headers. They become a `Response` at the end, or never: `listen` writes them
// as they are. A `Response` with 17 headers takes 10 µs of processor time, and 50 µs to read back.
import type { RegistryErrorFields } from "../../core/errors.ts";
import { fixedLength } from "../../core/bytes/bytes.ts";
import { onDemand } from "./streams.ts";

/** The members of a problem document beside its status. */
export interface ProblemFields
  extends Omit<RegistryErrorFields, "message" | "place" | "backend" | "cause"> {
  detail: string;
  /** The hint for programs, if it differs. */
  hints?: { library?: string };
}

/** The answer to a request, with plain headers. */
export class Answer {
  readonly body: string | Uint8Array | ReadableStream<Uint8Array> | null;
  readonly status: number;
  /** Names are lowercase. */
  readonly headers: Record<string, string>;
  /** True if nothing else uses the chunks of the body: `listen` frees each once it is sent. */
  readonly isOwned: boolean;
  /** The words of an error, for gateways that say it in another form. */
  readonly problem?: ProblemFields;

  constructor(
    body: Answer["body"],
    { status = 200, headers = {}, isOwned = false, problem }: Partial<Omit<Answer, "body">> = {},
  ) {
    this.body = body;
    this.status = status;
    this.headers = headers;
    this.isOwned = isOwned;
    this.problem = problem;
  }

  static from({ body, status, headers }: Response): Answer {
    return new Answer(body, { status, headers: Object.fromEntries(headers) });
  }

  toResponse(): Response {
    const { body, status, headers } = this;
    // Else a Worker would compress a compressed body again. Others ignore it.
    const encodeBody = headers["content-encoding"] === undefined ? "automatic" : "manual";
    const init: ResponseInit & { encodeBody: string } = { status, headers, encodeBody };
    const sent = body instanceof ReadableStream && fixedLength !== undefined
      ? showingFailures(body, headers["content-length"])
      : body;
    return new Response(sent as BodyInit | null, init);
  }
}

/** Calls `end` once an answer is sent, or will not be: its stream has ended, failed or is cancelled. */
export function onceSent(answer: Answer, end: () => void): Answer {
  if (!(answer.body instanceof ReadableStream)) {
    end();
    return answer;
  }
  const reader = answer.body.getReader();
  const body = onDemand(reader, async (controller) => {
    const { done, value } = await reader.read().catch((error) => {
      end();
      throw error;
    });
    if (!done) return controller.enqueue(value as Uint8Array<ArrayBuffer>);
    end();
    controller.close();
  }, end);
  return new Answer(body, answer);
}

const CUT_OFF = new TextEncoder().encode("the rest is missing: the service failed\n");

/**
 * A Worker ends a failed stream like a complete one. Clients detect the difference by the length, or
 * without one, by a last line that is not JSON.
 */
function showingFailures(body: ReadableStream<Uint8Array>, length?: string) {
  if (length !== undefined) return body.pipeThrough(fixedLength!(Number(length)));
  const reader = body.getReader();
  return onDemand(reader, async (controller) => {
    const { done, value } = await reader.read().catch(() => ({ done: undefined, value: CUT_OFF }));
    if (value !== undefined) controller.enqueue(value);
    if (done !== false) controller.close();
  });
}

type Answering<T> = (request: Request, info: object) => Promise<T>;

/** The functions behind handlers, for a listener that needs no `Response`. */
export const answerings: WeakMap<Answering<Response>, Answering<Answer>> = new WeakMap();
