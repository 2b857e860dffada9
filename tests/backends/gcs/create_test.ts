import { type AddressInfo, createServer, type Socket } from "node:net";
import { assert, assertEquals } from "@std/assert";
import { assertHolds, assertMissing, text } from "../../conformance/backend/samples.ts";
import type { Fault } from "../../support/strict_gcs/mod.ts";
import { failureOf, strictTest } from "./with_strict.ts";

const create = { mode: "create" } as const;
const UPLOAD = { method: "POST", url: /uploadType=multipart/ };

strictTest("a create is one request with generation 0 and a checksum", async (context) => {
  const { fake, open } = context;
  const backend = open();
  const options = { ...create, contentType: "text/plain", metadata: { author: "me" } };
  const results = [
    await backend.put("a/b", text("x"), options),
    await backend.put("a/c", text("y"), create),
  ];
  assert(results.every((result) => result.written));
  const [first, second] = fake.requests;
  assertEquals(fake.requests.length, 2);
  assertEquals(first.query.get("ifGenerationMatch"), "0");
  assertEquals(first.connection, second.connection);
  const { name, properties } = fake.objects().find("a/b")!;
  assertEquals({ name, properties }, {
    name: "a/b",
    properties: { contentType: "text/plain", metadata: { author: "me" } },
  });
  assert(
    new TextDecoder().decode(first.body).includes(
      `"crc32c":"${fake.objects().find("a/b")!.crc32c}"`,
    ),
  );
});

strictTest("an overwrite has no condition", async (context) => {
  const { fake, open } = context;
  const backend = open();
  for (const value of ["1", "2"]) assert((await backend.put("a", text(value))).written);
  const { query } = fake.requests[1];
  assertEquals(query.get("ifGenerationMatch"), undefined);
});
const AMBIGUOUS: [string, Fault, boolean][] = [
  ["whose reply is lost after it was done", "cut-after", true],
  ["whose connection ends before it was done", "cut", false],
  ["that is done and answered with 503", "fail-after", true],
  ["that is answered with 503", { status: 503 }, false],
  ["that is answered with 500", { status: 500 }, false],
  ["that is done and never answered", "stall-after", true],
  ["whose reply breaks off", "cut-body", true],
];

for (const [what, fault, written] of AMBIGUOUS) {
  strictTest(`a create ${what} is maybe written, and sent once`, async ({ fake, open, system }) => {
    fake.faults.add(UPLOAD, fault);
    const backend = open();
    const error = await failureOf(backend.put("a", text("x"), create));
    assertEquals([error.code, error.maybeWritten, error.retry], ["Unavailable", true, "later"]);
    assertEquals([error.key, error.backend], ["a", backend.location]);
    assertEquals([fake.requests.length, fake.faults.left(), system.slept], [1, 0, []]);
    if (written) await assertHolds(backend, "a", text("x"));
    else await assertMissing(backend, "a");
  });
}
strictTest("a rate-limited create was not written", async ({ fake, open }) => {
  for (const fault of [{ status: 429 }, { status: 403, reason: "userRateLimitExceeded" }]) {
    fake.faults.add(UPLOAD, fault);
    const error = await failureOf(open().put("a", text("x"), create));
    assertEquals([error.code, error.maybeWritten, error.retry], [
      "Unavailable",
      undefined,
      "later",
    ]);
  }
  assertEquals(fake.requests.length, 2);
});

strictTest("an unreachable create was not written", async ({ fake, open }) => {
  const backend = open();
  await fake[Symbol.asyncDispose]();
  const error = await failureOf(backend.put("a", text("x"), create));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
});

for (const what of ["ends the connection", "never answers"]) {
  strictTest(
    `a create without a TLS handshake was not written: the server ${what}`,
    async ({ open, passTimeouts }) => {
      const sockets: Socket[] = [];
      const server = createServer((socket) => {
        sockets.push(socket.on("error", () => {}));
        if (what === "never answers") socket.once("data", passTimeouts);
        else socket.destroy();
      });
      await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
      try {
        const endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
        const backend = open({ endpoint, credentials: () => "token" });
        const error = await failureOf(backend.put("a", text("x"), create));
        assertEquals([error.code, error.maybeWritten], ["Unavailable", undefined]);
        assertEquals(sockets.length, 1);
      } finally {
        for (const socket of sockets) socket.destroy();
        await new Promise((done) => server.close(done));
      }
    },
  );
}

strictTest(
  "a create with a lost reply over a reused connection is sent once",
  async ({ fake, open }) => {
    const backend = open();
    for (let i = 0; i < 3; i++) {
      await backend.put(`warm/${i}`, text("x"), create);
      await backend.get(`warm/${i}`);
    }
    fake.faults.add(UPLOAD, "cut-after");
    const before = fake.requests.length;
    assertEquals((await failureOf(backend.put("a", text("x"), create))).maybeWritten, true);
    assertEquals(fake.requests.length, before + 1);
  },
);

strictTest("an aborted put ends at once with its reason", async ({ fake, open }) => {
  const abort = new AbortController();
  const reason = new Error("enough");
  fake.faults.add(UPLOAD, () => abort.abort(reason));
  const putting = open().put("a", text("x"), { ...create, signal: abort.signal });
  assertEquals(await putting.catch((error) => error), reason);
});

strictTest("an overwrite is retried until it is answered", async ({ fake, open, system }) => {
  for (const fault of ["cut-after", "cut", { status: 503 }, { status: 429 }] as const) {
    fake.faults.add(UPLOAD, fault);
  }
  const backend = open();
  assert((await backend.put("a", text("x"))).written);
  assertEquals([fake.requests.length, system.slept.length], [5, 4]);
});

strictTest("an overwrite that was lost once is maybe written", async (context) => {
  const { fake, open } = context;
  fake.faults.add(UPLOAD, "cut-after");
  fake.faults.add({ ...UPLOAD, times: Infinity }, { status: 429 });
  const error = await failureOf(open({ retryForMs: 1000 }).put("a", text("x")));
  assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
});
strictTest(
  "a lost overwrite to a server that then dies is maybe written",
  async ({ fake, open }) => {
    fake.faults.add(UPLOAD, () => void fake[Symbol.asyncDispose]());
    const error = await failureOf(open({ retryForMs: 1000 }).put("a", text("x")));
    assertEquals([error.code, error.maybeWritten], ["Unavailable", true]);
  },
);

strictTest("the store rejects damaged bytes of a create", async ({ fake, open }) => {
  fake.faults.add(UPLOAD, (request) => {
    const at = new TextDecoder().decode(request.body).indexOf("payload");
    request.body[at] ^= 1;
  });
  const error = await failureOf(open().put("a", text("payload"), create));
  assertEquals([error.code, error.maybeWritten], ["Invalid", undefined]);
  assertEquals(fake.objects().names(), []);
});
