// Answers of services and providers that may be foreign.
import { readAtMost, unsupported } from "../../../core/kernel.ts";

/** Longest answer, bytes. */
const MOST_BYTES = 1024 * 1024;
const WITHOUT_BODY = [204, 205, 304];

/** Fetches an answer whole. Throws `Unsupported` for a long one, which could fill the memory. */
export async function fetchSmall(
  input: string | URL | Request,
  init?: RequestInit,
): Promise<Response> {
  const response = await fetch(input, init);
  const whole = await readAtMost(response.body, MOST_BYTES);
  if (whole === undefined) {
    const { host } = new URL(input instanceof Request ? input.url : input);
    throw unsupported("read the answer of", host, "it is longer than 1 MiB", {
      hint: "Check the URL: it may be that of another program.",
    });
  }
  const { status, headers } = response;
  return new Response(WITHOUT_BODY.includes(status) ? null : whole, { status, headers });
}
