// Answers that are made while the request holds a place: see `places.ts`.
import { Answer } from "../answer.ts";
import type { RequestInfo, RequestPlaces, RouteContext } from "../gateways/gateway.ts";
import { onDemand } from "../streams.ts";

/** Takes a place for a request, unless its client leaves or waits for more than a minute. */
export function placeFor(
  { info, request }: RouteContext,
  places: RequestPlaces,
): Promise<() => void> {
  return places.take(senderOf(info), () => request.signal);
}

/**
 * Makes an answer in a place for lists. A stream takes one for each of its pieces, however long it
 * must wait, so a client that reads slowly holds none.
 */
export async function answerInPlace(
  c: RouteContext,
  answer: () => Answer | Promise<Answer>,
): Promise<Answer> {
  const { lists } = c.info;
  if (lists === undefined) return await answer();
  const give = await placeFor(c, lists);
  let answered: Answer;
  try {
    answered = await answer();
  } finally {
    give();
  }
  if (!(answered.body instanceof ReadableStream)) return answered;
  const reader = answered.body.getReader();
  const body = onDemand(reader, async (controller) => {
    const give = await lists.take(senderOf(c.info));
    try {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    } finally {
      give();
    }
  });
  return new Answer(body, answered);
}

/** Returns whose requests share places: those of a token, else of an address. */
function senderOf({ access, remoteAddr }: RequestInfo): string {
  const { hostname = "" } = (remoteAddr ?? {}) as { hostname?: string };
  return access.token ?? hostname;
}
