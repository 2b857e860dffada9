// Rights of tokens through the routes of a gateway, and entries of its changes in the audit trail.
import { deepStrictEqual } from "node:assert/strict";
import { smallestRequest } from "./generate.ts";
import {
  type GatewayTarget,
  HIDDEN,
  MISSING,
  OTHER,
  RELEASE,
  type ServiceFacts,
  TEAM,
  type TestService,
  TOKENS,
  valuesFor,
} from "./service.ts";

/** The text of an answer that ends; streams of events that one gets do not. */
async function textOf(answer: Response, { method }: { method: string }): Promise<string> {
  const isEndless = method === "GET" &&
    answer.headers.get("content-type")?.includes("event-stream");
  if (!isEndless) return await answer.text();
  await answer.body?.cancel();
  return "";
}

const READS = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND"]);

/** No token, and one that may read no name of the registry. */
export async function checkUnsigned(service: TestService, facts: ServiceFacts): Promise<void> {
  const { routes, ask } = service;
  const wrong: string[] = [];
  const before = await service.snapshot();
  for (const route of routes) {
    const made = smallestRequest(route, valuesFor(facts, OTHER, route));
    for (const token of [undefined, TOKENS.stranger]) {
      const answer = await ask(made, token);
      const text = await textOf(answer, route);
      if (HIDDEN.test(text)) wrong.push(`${made.title}: ${token} reads ${text.slice(0, 100)}`);
      const isAccepted = answer.status < 300 && token === undefined && route.scope !== "open";
      if (isAccepted) wrong.push(`${made.title}: ${answer.status} without a token`);
    }
  }
  deepStrictEqual(wrong, []);
  deepStrictEqual(await service.snapshot(), before);
}

/** A reader of one team asks for names of the other, and for a release with a hidden member. */
export async function checkHidden(service: TestService, facts: ServiceFacts): Promise<void> {
  const { routes, ask } = service;
  const wrong: string[] = [];
  const answerTo = async (route: TestService["routes"][number], target: GatewayTarget) => {
    const answer = await ask(
      smallestRequest(route, valuesFor(facts, target, route)),
      TOKENS.reader,
    );
    return { status: answer.status, text: await textOf(answer, route) };
  };
  for (const route of routes) {
    const title = `${route.method} ${route.path}`;
    const hidden = await answerTo(route, OTHER), missing = await answerTo(route, MISSING);
    const plain = (text: string) => text.replace(/(model|none)(?![a-z])/g, "NAME");
    if (HIDDEN.test(hidden.text)) wrong.push(`${title}: shows ${hidden.text.slice(0, 100)}`);
    if (hidden.status !== missing.status || plain(hidden.text) !== plain(missing.text)) {
      wrong.push(
        `${title}: ${hidden.status} ${plain(hidden.text).slice(0, 150)} for a hidden name, ` +
          `${missing.status} ${plain(missing.text).slice(0, 150)} for a missing one`,
      );
    }
    const release = await answerTo(route, RELEASE);
    if (HIDDEN.test(release.text) || release.text.includes("other:model")) {
      wrong.push(`${title}: shows a hidden member: ${release.text.slice(0, 100)}`);
    }
  }
  deepStrictEqual(wrong, []);
}

export async function checkReadOnly(service: TestService, facts: ServiceFacts): Promise<void> {
  const before = await service.snapshot();
  for (const route of service.routes) {
    for (const target of [TEAM, OTHER, RELEASE]) {
      const answer = await service.ask(
        smallestRequest(route, valuesFor(facts, target, route)),
        TOKENS.reader,
      );
      await answer.body?.cancel();
    }
    deepStrictEqual(await service.snapshot(), before, `${route.method} ${route.path} changed it`);
  }
}

/** Runs a check of each route, over a registry that no other route has changed. */
async function eachFresh(
  first: TestService,
  check: (service: TestService, route: TestService["routes"][number]) => Promise<void>,
): Promise<void> {
  let service = await first.again();
  try {
    for (const route of first.routes) {
      await check(service, route);
      if (READS.has(route.method) || route.scope === "read") continue;
      await service[Symbol.asyncDispose]();
      service = await first.again();
    }
  } finally {
    await service[Symbol.asyncDispose]();
  }
}

/** An administrator asks for an artifact that is there: other cases prove little of what refuses it. */
export async function checkAnswers(first: TestService, facts: ServiceFacts): Promise<void> {
  const wrong: string[] = [];
  const { refuses = {} } = facts;
  await eachFresh(first, async ({ ask }, route) => {
    const made = smallestRequest(route, valuesFor(facts, TEAM, route));
    const answer = await ask(made, TOKENS.owner);
    const text = await textOf(answer, route);
    const words = refuses[`${route.method} ${route.path}`];
    const isMeant = words === undefined
      ? answer.status < 400
      : answer.status >= 400 && text.includes(words);
    if (!isMeant) {
      wrong.push(
        `${made.title}: ${answer.status} ${text.slice(0, 150)}: ${made.path} ${made.body}`,
      );
    }
  });
  deepStrictEqual(wrong, []);
}

/** Each change of the registry has an entry with its name, and the version or alias that changed. */
export async function checkTrail(first: TestService, facts: ServiceFacts): Promise<void> {
  const wrong: string[] = [];
  await eachFresh(first, async (service, route) => {
    if (READS.has(route.method)) return;
    for (const target of [TEAM, MISSING]) {
      wrong.push(...await unnamedIn(service, route, target, facts));
    }
  });
  deepStrictEqual(wrong, []);
}

/** Returns what the entries of a request lack. */
async function unnamedIn(
  service: TestService,
  route: TestService["routes"][number],
  target: GatewayTarget,
  facts: ServiceFacts,
): Promise<string[]> {
  const wrong: string[] = [];
  const before = await service.snapshot();
  service.entries.length = 0;
  const values = valuesFor(facts, target, route);
  const made = smallestRequest(route, values);
  const sent = `${decodeURIComponent(made.path)} ${made.body ?? ""}`;
  const subjects = (facts.subjects ?? []).flatMap((member) => values[member] ?? [])
    .filter((value) => sent.includes(value));
  const answer = await service.ask(made, TOKENS.owner);
  await answer.body?.cancel();
  const after = await service.snapshot();
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const entries = service.entries.filter(({ outcome }) => outcome === "done");
  for (const name of names) {
    if (before[name] === after[name]) continue;
    const entry = entries.find((each) => each.name === name);
    if (entry === undefined) {
      wrong.push(`${made.title}: no entry names ${name}: ${JSON.stringify(entries)}`);
      continue;
    }
    if (subjects.some((value) => JSON.stringify(entry).includes(value))) continue;
    const lacks = changesOf(before[name], after[name]).filter((each) =>
      !JSON.stringify(entry).includes(JSON.stringify(each))
    );
    if (lacks.length > 0) wrong.push(`${made.title}: its entry lacks ${lacks}`);
  }
  const isChange = answer.status < 300 && route.scope !== "read" && route.scope !== "open";
  for (const value of isChange ? subjects : []) {
    if (JSON.stringify(entries).includes(value)) continue;
    wrong.push(`${made.title}: no entry has its subject ${value}: ${JSON.stringify(entries)}`);
  }
  return wrong;
}

type Facts = Record<"versions" | "aliases", [string, string][]>;

/** Returns the versions and aliases that differ. */
function changesOf(before: string | undefined, after: string | undefined): string[] {
  const none = '{"versions":[],"aliases":[]}';
  const [a, b] = [before ?? none, after ?? none].map((text) => JSON.parse(text) as Facts);
  return (["versions", "aliases"] as const).flatMap((kind) => {
    const [earlier, later] = [new Map(a![kind]), new Map(b![kind])];
    const all = new Set([...earlier.keys(), ...later.keys()]);
    return [...all].filter((key) => earlier.get(key) !== later.get(key));
  });
}
