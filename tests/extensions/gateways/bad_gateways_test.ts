// The judge of gateways refuses bad ones, each by the case that is for its fault.
import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import * as v from "npm:valibot@^1.5";
import { route } from "../../../apps/server/describe.ts";
import type { Gateway, GatewayContext, Routes } from "../../../apps/server/gateways/gateway.ts";
import { nextTurn } from "../../../core/work/next_turn.ts";
import { slowTest } from "../../support/seeds.ts";
import { busyMs } from "../../conformance/gateway/measure.ts";
import { testGateway, type TestGatewayOptions } from "../../conformance/gateways.ts";
import type { RegisterTest } from "../../conformance/mod.ts";

const BOUNDS = "each list, string and number of a request has a maximum";
const ANSWERS = "each route answers about an artifact that is there";
const HIDDEN = "what a token may not read is in no answer, and is as if it were missing";
const UNSIGNED = "requests without a token, or without a right, get nothing";
const TRAIL = "the audit trail has the subject of each change";
const HEADERS = "headers of answers are ASCII";
const LEAVING = "work ends with its client";

/** Runs one case. */
async function judge(create: () => Gateway, title: string, options: TestGatewayOptions = {}) {
  const cases = new Map<string, () => unknown>();
  const register: RegisterTest = (name, run) => void cases.set(name, run);
  testGateway(register, create, { name: "bad", ...options });
  await cases.get(`bad: ${title}`)!();
}

const gateway = (
  add: (routes: Routes, context: GatewayContext) => void,
): () => Gateway =>
() => ({ name: "bad", addRoutes: add });

const described = {
  id: "bad",
  tag: "bad",
  summary: "Answers",
  scope: "read",
  answers: { 200: { description: "An answer" } },
} as const;

const Name = v.pipe(v.string(), v.maxLength(200));

/** A good one, which the cases accept. */
const good = gateway((routes, { registry }) =>
  route(routes, "GET /bad", {
    ...described,
    query: v.object({ name: Name }),
    answer: async ({ c, query: { name }, access }) => {
      access.check("read", name);
      return c.json((await registry.info(name)).metadata);
    },
  })
);

const unbounded = gateway((routes) =>
  route(routes, "POST /bad", {
    ...described,
    json: v.object({ names: v.array(Name), text: v.string(), count: v.number() }),
    answer: ({ c }) => c.json({}),
  })
);

const withoutRights = gateway((routes, { registry }) =>
  route(routes, "GET /bad", {
    ...described,
    query: v.object({ name: Name }),
    answer: async ({ c, query: { name } }) => c.json((await registry.info(name)).metadata),
  })
);

/** It has another error for a hidden name than for a missing one. */
const tellsNames = gateway((routes, { registry }) =>
  route(routes, "GET /bad", {
    ...described,
    query: v.object({ name: Name }),
    answer: async ({ c, query: { name }, access }) => {
      const { metadata } = await registry.info(name);
      access.check("read", name);
      return c.json(metadata);
    },
  })
);

/** Its release shows a member that the token may not read. */
const showsMembers = gateway((routes, { registry }) =>
  route(routes, "GET /bad", {
    ...described,
    query: v.object({ name: Name }),
    answer: async ({ c, query: { name }, access }) => {
      access.check("read", name);
      return c.json((await registry.info(name)).inputs);
    },
  })
);

const withoutSubject = gateway((routes, { registry }) =>
  route(routes, "POST /bad", {
    ...described,
    scope: "save",
    json: v.object({ name: Name }),
    answer: async ({ c, json: { name }, access }) => {
      access.check("save", name);
      await registry.save(name, 1);
      return c.json({});
    },
  })
);

const withoutRun = gateway((routes) =>
  route(routes, "POST /bad/:name", {
    ...described,
    scope: "save",
    json: v.object({ run_id: Name }),
    answer: ({ c }) => c.json({}),
  })
);

const repeatsText = gateway((routes) =>
  route(routes, "GET /bad", {
    ...described,
    query: v.object({ title: Name }),
    answer: ({ c, query: { title } }) => c.json({}, 200, { "x-title": title.replace("日", "?") }),
  })
);

/** It works for two seconds of processor, in turns, also after its client has left. */
const goesOn = gateway((routes) =>
  route(routes, "GET /bad", {
    ...described,
    answer: async ({ c }) => {
      for (const since = busyMs(); busyMs() - since < 2000;) {
        burn();
        await nextTurn();
      }
      return c.json({});
    },
  })
);

function burn(): void {
  let sum = 0;
  for (let i = 0; i < 4_000_000; i++) sum = (sum + Math.imul(i, i)) | 0;
  burnt = sum;
}
let burnt = 0;

const formOnly = gateway((routes) =>
  route(routes, "GET /bad/:name/:part", {
    ...described,
    answer: ({ c }) => Promise.resolve(c.json({ error: "no such part" }, 404)),
  })
);

Deno.test("the judge accepts a good gateway", async () => {
  for (const title of [BOUNDS, ANSWERS, UNSIGNED, HIDDEN, TRAIL, HEADERS]) await judge(good, title);
});

const BAD: Readonly<
  Record<string, [() => Gateway, title: string, words: RegExp, TestGatewayOptions?]>
> = {
  "a list, a string and a number without a maximum": [
    unbounded,
    BOUNDS,
    /names: list without maxItems[^]*text: string without maxLength[^]*count: number without/,
  ],
  "no rights": [withoutRights, HIDDEN, /shows .*hidden-metadata/],
  "no rights, even for a stranger": [withoutRights, UNSIGNED, /reads .*hidden-metadata/],
  "another error for hidden names": [tellsNames, HIDDEN, /for a hidden name/],
  "a hidden member": [showsMembers, HIDDEN, /shows a hidden member/],
  "no subject": [withoutSubject, TRAIL, /no entry names team:model/],
  "a header with Latin-1": [repeatsText, HEADERS, /query.title é: x-title: é/],
  "no run": [withoutRun, TRAIL, /no entry has its subject r1/, {
    values: () => ({ run_id: "r1" }),
    subjects: ["run_id"],
  }],
  "requests that are refused for their form": [formOnly, ANSWERS, /404 .*no such part/],
  "work without its client": [goesOn, LEAVING, /left at once, \d+ ms/],
};

for (const [fault, [create, title, words, options]] of Object.entries(BAD)) {
  const register = title === LEAVING ? slowTest : Deno.test; // it opens a large registry
  register(`the judge refuses a gateway with ${fault}`, async () => {
    const error = await assertRejects(() => judge(create, title, options), Error);
    assertMatch(error.message, words);
  });
}

Deno.test("a route that is said to refuse must do so, with its words", async () => {
  const refuses = { "GET /bad/:name/:part": "no such part" };
  await judge(formOnly, ANSWERS, { refuses });
  const stale = { "GET /bad": "no such part" };
  const error = await assertRejects(() => judge(good, ANSWERS, { refuses: stale }), Error);
  assertMatch(error.message, /GET \/bad: smallest: 200/);
  assertEquals(typeof burnt, "number");
});
