// Ten programs that read an alias while it moves. Each sees one version, or 412.
import { assertEquals } from "@std/assert";
import { createScriptedSystem, seededRandom } from "../../../support/scripted_system.ts";
import { openS3, saveFiles, signer, tokens } from "./open_s3.ts";

/** A request of a program, and what its answers have told it. */
interface Program {
  kind: Kind;
  /** The bytes that it has, by their offset. */
  parts: Map<number, string>;
  size?: number;
  etag?: string;
}

/**
 * How clients read: whole files (minio-py), ranges with the ETag (boto3), ranges after HEAD (pyarrow,
 * s5cmd), ranges from the end without HEAD (polars, the Run:ai streamer), and the first range first.
 */
const KINDS = ["whole", "etag", "head", "end", "begin"] as const;
type Kind = typeof KINDS[number];

const PART = 10;

/** Returns the range that a program reads next. */
function nextRange({ kind, parts, size }: Program, random: (most: number) => number): string {
  if (kind === "end" && size === undefined) return `-${PART}`;
  const known = size ?? PART;
  const missing = [];
  for (let at = 0; at < known; at += PART) if (!parts.has(at)) missing.push(at);
  const from = kind === "begin" && size === undefined ? 0 : missing[random(missing.length)]!;
  return `${from}-${Math.min(from + PART, known) - 1}`;
}

for (const share of [true, false]) {
  const title = share ? "share a token" : "have their own tokens";
  Deno.test(`ten programs that ${title} see one version of a moving alias, or 412`, async () => {
    const system = createScriptedSystem();
    await using s3 = await openS3({ tokens, system });
    const next = seededRandom(share ? 11 : 12);
    const random = (most: number) => Math.floor(next() * most);
    let version = 0;
    const move = async () => {
      version++;
      const digit = version % 10;
      const a = `${digit}`.repeat(PART * (2 + digit % 3));
      await saveFiles(s3.registry, "n", { a }, { alias: "live" });
    };
    await move();
    const begun = (index: number): Program => ({
      kind: KINDS[index % KINDS.length]!,
      parts: new Map(),
    });
    const programs = Array.from({ length: 10 }, (_, index) => begun(index));
    const seen = Object.fromEntries(KINDS.map((kind) => [kind, { done: 0, refused: 0 }]));
    const sign = programs.map((_, index) => {
      const client = signer({ token: share ? "read:n" : `read:n,read:other${index}` });
      return client.sign.bind(client);
    });
    for (let step = 0; step < 900; step++) {
      if (random(60) === 0) await move();
      if (random(50) === 0) {
        system.advance(600_000); // nobody goes on after so long
        for (const index of programs.keys()) programs[index] = begun(index);
      }
      const index = random(programs.length);
      const program = programs[index]!;
      const { kind } = program;
      const isHead = (kind === "head" || kind === "etag") && program.size === undefined;
      const headers: Record<string, string> = {};
      if (!isHead && kind !== "whole") headers.range = `bytes=${nextRange(program, random)}`;
      if (kind === "etag" && program.etag !== undefined) headers["if-match"] = program.etag;
      const method = isHead ? "HEAD" : "GET";
      const aws = { datetime: new Date(system.now()).toISOString().replace(/[-:]|\.\d+/g, "") };
      const url = "http://localhost/holdfast/n/@live/a";
      const answer = await s3.handler(await sign[index]!(url, { method, headers, aws }));
      const text = await answer.text();
      if (answer.status === 412) {
        seen[kind]!.refused++;
        programs[index] = begun(index);
        continue;
      }
      assertEquals([200, 206].includes(answer.status), true, `${answer.status} ${text}`);
      note(program, answer, text);
      const { parts, size = Infinity } = program;
      const bytes = [...parts.values()].join("");
      assertEquals(new Set(bytes).size <= 1, true, `${kind} has ${bytes}`);
      if (bytes.length < size) continue;
      assertEquals([20, 30, 40].includes(size), true);
      assertEquals(bytes.length, size);
      assertEquals(bytes.length, PART * (2 + Number(bytes[0]) % 3), `${kind}: a part of a version`);
      seen[kind]!.done++;
      programs[index] = begun(index);
    }
    for (const [kind, { done }] of Object.entries(seen)) {
      assertEquals(done > 3, true, `${kind}: ${JSON.stringify(seen)}`);
    }
    assertEquals(seen.whole!.refused, 0);
    assertEquals(seen.end!.refused > 3, true, JSON.stringify(seen));
  });
}

/** Notes what a program learns from an answer. The first size and ETag are those that it keeps. */
function note(program: Program, { headers, status }: Response, text: string): void {
  const [, from = "0", size = headers.get("content-length")] =
    /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get("content-range") ?? "") ?? [];
  program.size ??= Number(size);
  program.etag ??= headers.get("etag") ?? undefined;
  if (text !== "" || status === 206) program.parts.set(Number(from), text);
}
