import { assert, assertEquals } from "@std/assert";
import { openService } from "./uploads/sending.ts";
import { hub } from "../../../extensions/gateways/hub/hub.ts";

// deno-lint-ignore no-explicit-any -- a document of JSON
type Schema = any;

/** Members of requests that may be empty. */
const MAY_BE_EMPTY =
  /\.(data|content|prefix|from|after|q|pipeline|expected|modifiedAt|sha256|digest|notes|gitIgnore)$/;

function* unbounded(schema: Schema, place: string, document: Schema): Generator<string> {
  if (schema === undefined || schema === null || typeof schema !== "object") return;
  if (typeof schema.$ref === "string") {
    const name = schema.$ref.split("/").at(-1);
    return yield* unbounded(document.components.schemas[name], place, document);
  }
  const bounded = schema.minLength >= 1 || schema.enum || schema.const || schema.pattern ||
    schema.format;
  if (schema.type === "string" && !bounded && !MAY_BE_EMPTY.test(place)) yield place;
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    yield* unbounded(member, `${place}.${name}`, document);
  }
  const { anyOf = [], oneOf = [], allOf = [], items } = schema;
  for (const each of [...anyOf, ...oneOf, ...allOf, items]) {
    yield* unbounded(each, place, document);
  }
}

Deno.test("the document gives every string of a request a minimum length", async () => {
  await using service = await openService({ gateways: [hub] });
  const document: Schema = await (await service.send("GET", "/openapi.json")).json();
  const found: string[] = [];
  for (const [path, methods] of Object.entries<Schema>(document.paths)) {
    for (const [method, { parameters = [], requestBody }] of Object.entries<Schema>(methods)) {
      for (const { in: place, name, schema } of parameters) {
        if (place !== "header" && name !== "range") { // an empty range is every version
          found.push(...unbounded(schema, `${method} ${path} .${name}`, document));
        }
      }
      const json = requestBody?.content["application/json"]?.schema;
      found.push(...unbounded(json, `${method} ${path} `, document));
    }
  }
  assertEquals(found, []);
});

Deno.test("the document describes every parameter of a query", async () => {
  await using service = await openService({ gateways: [hub] });
  const document: Schema = await (await service.send("GET", "/openapi.json")).json();
  const silent = Object.entries<Schema>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Schema>(methods).flatMap(([method, { parameters = [] }]) =>
      parameters.filter(({ in: place, description }: Schema) => place === "query" && !description)
        .map(({ name }: Schema) => `${method} ${path} ${name}`)
    )
  );
  assertEquals(silent, []);
});

Deno.test("empty strings are refused", async () => {
  await using service = await openService();
  await service.registry.save("a", 1);
  const answers = await Promise.all([
    service.sendJson("PUT", "/artifacts/a/aliases/x", { version: "" }),
    service.sendJson("POST", "/artifacts/a/versions/1/copy", { to: "" }),
    service.send("GET", "/lineage?ref="),
    service.send("GET", "/artifacts/a/versions/1?commit="),
  ]);
  for (const answer of answers) {
    const { detail } = await answer.json();
    assertEquals(answer.status, 400, detail);
    assert(detail.endsWith(": empty"), detail);
  }
});
