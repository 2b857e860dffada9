// The info of a version with a long list of files, which is sent some files at a time.
import { iterableStream } from "../../../core/bytes/bytes.ts";
import { giveWay } from "../../../core/work/next_turn.ts";
import { whileAllowed } from "../access/guard_route.ts";
import type { ReadablePages } from "../access/access.ts";
import { Answer } from "../answer.ts";
import type { RouteContext } from "../gateways/gateway.ts";
import { oneBehind } from "../streams.ts";

/** Pages that are read ahead: clients take longer to receive one than stores to read it. */
const AHEAD = 1;

/** Answers with the same JSON as for a short list, the files last. */
export async function answerLongInfo(
  c: RouteContext,
  version: ReadablePages,
  headers: Record<string, string>,
): Promise<Answer> {
  const answer = { headers: { ...headers, "content-type": "application/json" } };
  if (c.request.method === "HEAD") return new Answer(null, answer);
  const sent = await oneBehind(iterableStream(textOf(version)), { turn: giveWay });
  const may = (access: RouteContext["info"]["access"]) => access.may("read", version.info.name);
  return new Answer(whileAllowed(c, sent, { may }), answer);
}

/** Files in a chunk of an answer. */
const AT_ONCE = 500;

async function* textOf({ info: { files: _, ...info }, pages }: ReadablePages) {
  const encoder = new TextEncoder();
  let before = `${JSON.stringify(info).slice(0, -1)},"files":[`;
  for await (const { info: { files } } of pages({ ahead: AHEAD })) {
    for (let from = 0; from < files.length; from += AT_ONCE) {
      const some = files.slice(from, from + AT_ONCE);
      yield encoder.encode(before + JSON.stringify(some).slice(1, -1));
      before = ",";
    }
  }
  yield encoder.encode("]}");
}
