// The calls that clients send, and the table of them in docs/s3.md.
import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { Gateway } from "../../../../apps/gateways.ts";
import { REPOSITORY } from "../../../support/run_deno.ts";

/** The columns of the table. */
const CALLS = [
  ...["ListBuckets", "HeadBucket", "ListObjects", "ListObjectsV2", "ListObjectVersions"],
  ...["HeadObject", "GetObject", "Range", "If-Match", "writes"],
] as const;
type Call = typeof CALLS[number];

/** Returns what a request asks for; undefined for settings, which have no column. */
function callsOf({ method, url, headers }: Request): Call[] {
  if (method !== "GET" && method !== "HEAD") return ["writes"];
  const { pathname, searchParams: query } = new URL(url);
  const key = pathname.split("/").slice(2).join("/");
  if (pathname === "/") return ["ListBuckets"];
  if (key === "") {
    if (method === "HEAD") return ["HeadBucket"];
    if (["location", "versioning", "acl"].some((name) => query.has(name))) return [];
    if (query.has("versions")) return ["ListObjectVersions"];
    return [query.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects"];
  }
  if (method === "HEAD") return ["HeadObject"];
  const isRange = headers.has("range");
  return [isRange ? "Range" : "GetObject", ...headers.has("if-match") ? ["If-Match" as const] : []];
}

/** Notes the calls of a gateway. */
export function withCalls(gateway: Gateway): { gateway: Gateway; calls: ClientCalls } {
  const calls = new ClientCalls();
  const answered: Gateway["answered"] = (answer, info, request) => {
    const result = gateway.answered?.(answer, info, request) ?? answer;
    for (const call of callsOf(request)) calls.note(call, result.status);
    return result;
  };
  return { gateway: { ...gateway, answered }, calls };
}

export class ClientCalls {
  #results = new Map<Call, string>();

  note(call: Call, status: number): void {
    if (status < 400) this.#results.set(call, "yes");
    else if (!this.#results.has(call)) this.#results.set(call, String(status));
  }

  clear(): void {
    this.#results = new Map();
  }

  /** Fails unless the row of a client in docs/s3.md has the calls since the last check. */
  async check(client: string): Promise<void> {
    const text = await Deno.readTextFile(join(REPOSITORY, "docs/s3.md"));
    const rows = text.split("\n").filter((line) => line.startsWith("| "))
      .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
    const row = rows.find((cells) => cells.length === CALLS.length + 1 && cells[0] === client);
    const found = [client, ...CALLS.map((call) => this.#results.get(call) ?? "")];
    this.clear();
    assertEquals(row, found, `| ${found.join(" | ")} |`);
  }
}
