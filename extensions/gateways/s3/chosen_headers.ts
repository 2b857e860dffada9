// The headers of an answer that a request chooses: `response-content-type` and others.
import { extendedValue } from "../../../core/kernel.ts";
import { isScript } from "../../../apps/server/extending.ts";
import { type Asked, valueOf } from "./query.ts";
import { s3Error, wrongArgument } from "./s3_error.ts";

/** The only one that anybody may choose, as on the other routes of files: it names the saved file. */
const OF_ALL = "content-disposition";

const OF_SIGNED = [
  ...["cache-control", "content-encoding", "content-language", "content-type", "expires"],
];

/** Returns the headers that the query of a request chooses. */
export function chosenHeaders(
  query: Asked,
  { isSigned }: { isSigned: boolean },
): Record<string, string> {
  const chosen: Record<string, string> = {};
  for (const name of [OF_ALL, ...OF_SIGNED]) {
    const value = valueOf(query, `response-${name}`);
    if (value === undefined) continue;
    if (!isSigned && name !== OF_ALL) {
      throw s3Error(400, "InvalidRequest", {
        action: `answer with response-${name}`,
        state: "the request is not signed",
        hint: `Sign the request. Without a signature, choose response-${OF_ALL} only.`,
      });
    }
    const sent = name === OF_ALL ? inAscii(value) : value;
    if (!/^[ -~]*$/.test(sent)) {
      throw wrongArgument(`response-${name} is not a header`, "Use printable characters of ASCII.");
    }
    chosen[name] = name === "content-type" && isScript(sent) ? "text/plain; charset=utf-8" : sent;
  }
  return chosen;
}

/** Returns a `content-disposition` whose file name has ASCII, and the whole name beside (RFC 6266). */
function inAscii(value: string): string {
  const ascii = value.replace(/[^\p{ASCII}]/gu, "_");
  if (ascii === value || /;\s*filename\*\s*=/i.test(value)) return ascii;
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))/i.exec(value) ??
    [];
  const name = quoted?.replace(/\\(.)/g, "$1") ?? bare;
  return name === undefined ? ascii : `${ascii}; filename*=${extendedValue(name)}`;
}
