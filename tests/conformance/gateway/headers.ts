// Headers of answers. What is not ASCII in them, programs read in different ways, or not at all.
import { deepStrictEqual } from "node:assert/strict";
import { foreignRequests, type MadeRequest, smallestRequest } from "./generate.ts";
import {
  type GatewayTarget,
  saveFiles,
  type ServiceFacts,
  TEAM,
  type TestService,
  TOKENS,
  valuesFor,
} from "./service.ts";

/** An artifact whose names have Latin-1, which headers can have, and other characters. */
const FOREIGN: GatewayTarget = {
  name: "team:modèle",
  version: "1.0.0",
  path: "données.txt",
  alias: "été",
};

export async function checkHeaders(service: TestService, facts: ServiceFacts): Promise<void> {
  const { registry, routes } = service;
  const { name, version, path, alias } = FOREIGN;
  await saveFiles(registry, { name, version }, [[path, "a"], ["folder/日本.txt", "a"]]);
  await registry.setAlias(name, alias, version);
  const wrong: string[] = [];
  const check = async (made: MadeRequest) => {
    const answer = await service.ask(made, TOKENS.owner, AbortSignal.timeout(60_000));
    await answer.body?.cancel();
    for (const [header, value] of answer.headers) {
      if (!/^[\t -~]*$/.test(value)) wrong.push(`${made.title}: ${header}: ${value}`);
    }
  };
  for (const route of routes) {
    for (const made of foreignRequests(route, valuesFor(facts, TEAM, route))) await check(made);
    for (const target of [FOREIGN, { ...FOREIGN, path: "folder/日本.txt" }]) {
      await check(smallestRequest(route, valuesFor(facts, target, route)));
    }
  }
  deepStrictEqual(wrong, []);
}
