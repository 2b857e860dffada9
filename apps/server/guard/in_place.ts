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
  const answered = await inPlace(placeFor(c, lists), answer);
  if (!(answered.body instanceof ReadableStream)) return answered;
  const reader = answered.body.getReader();
  const body = onDemand(reader, async (controller) => {
    const { done, value } = await inPlace(lists.take(senderOf(c.info)), () => reader.read());
    if (done) controller.close();
    else controller.enqueue(value);
  });
  return new Answer(body, answered);
}

async function inPlace<T>(taken: Promise<() => void>, make: () => T | Promise<T>): Promise<T> {
  const give = await taken;
  try {
    return await make();
  } finally {
    give();
  }
}

/** Returns whose requests share places: those of a token, else of an address. */
function senderOf({ access, remoteAddr }: RequestInfo): string {
  const { hostname = "" } = (remoteAddr ?? {}) as { hostname?: string };
  return access.token ?? hostname;
}
