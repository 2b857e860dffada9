import { assertEquals } from "@std/assert";
import { openService } from "../uploads/sending.ts";
import { rowsOfRun } from "../../../support/seeds.ts";
import { hub } from "../../../../extensions/gateways/hub/hub.ts";

const NO_NUMBERS = ["abc", "", "-1", "+1", "1.5", "1e3", "1e999", "0x10", "NaN", "Infinity", " 1"];
const LARGE = ["9".repeat(16), "9".repeat(400)]; // more than any limit

interface Parameter {
  in: string;
  name: string;
  required?: boolean;
  schema: { type?: string };
}

Deno.test("every number in a query is a whole number with limits", async () => {
  await using service = await openService({ gateways: [hub] });
  const document = await (await service.send("GET", "/openapi.json")).json();
  const numbers: string[] = [];
  for (const [path, methods] of Object.entries<object>(document.paths)) {
    for (const [key, operation] of Object.entries(methods)) {
      const method = key.toUpperCase();
      if (method === "HEAD") continue; // as GET, without a body
      const parameters: Parameter[] = (operation.parameters ?? []).filter(
        (parameter: Parameter) => parameter.in === "query",
      );
      const required = parameters.flatMap((each) => each.required ? [`&${each.name}=a`] : []);
      for (const { name } of parameters.filter(({ schema }) => schema.type === "integer")) {
        numbers.push(`${method} ${path}?${name}`);
        for (const value of rowsOfRun([...NO_NUMBERS, ...LARGE])) {
          const query = `${name}=${encodeURIComponent(value)}${required.join("")}`;
          const url = `${path.replace(/\{\w+\}/g, "a")}?${query}`;
          const answer = await service.send(method, url);
          const { detail } = await answer.json();
          const state = LARGE.includes(value) ? "expected at most" : "expected a whole number";
          const found = String(detail).replace(/(at most) \d+$/, "$1");
          assertEquals(
            [answer.status, found],
            [400, `Cannot read the query: ${name}: ${state}`],
            url,
          );
        }
      }
    }
  }
  for (
    const listed of [
      "GET /artifacts/{name}/aliases/{alias}/history?after",
      "GET /rules/history?after",
      "GET /artifacts/{name}/versions/{version}?data",
      "GET /names?limit",
    ]
  ) assertEquals(numbers.includes(listed), true, `${listed} is not a number`);
});
