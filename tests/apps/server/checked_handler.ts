// A handler whose answers are checked against its own OpenAPI document.
import { Ajv2020, type ValidateFunction } from "npm:ajv@^8.20/dist/2020.js";
import { assert, fail } from "@std/assert";
import { createHandler } from "../../../apps/server.ts";
import type { Handler, HandlerOptions, Registry } from "../../../apps/server.ts";

interface Operation {
  responses: Record<string, { content?: Record<string, { schema?: unknown }> }>;
}

interface Document {
  paths: Record<string, Record<string, Operation>>;
}

type Check = (request: Request, response: Response) => Promise<Response>;

/** Checks by the routes of their handlers: writing a document and compiling its schemas takes long. */
const checks = new Map<string, Promise<Check>>();

/** Creates a handler that throws for an undescribed status, media type or JSON. */
export function createCheckedHandler(registry: Registry, options: HandlerOptions = {}): Handler {
  const handler = createHandler(registry, options);
  const key = keyOf(handler, options);
  const checked = async (request: Request, info?: Parameters<Handler>[1]) => {
    const response = await handler(request, info);
    const checking = checks.get(key) ?? checkOf(handler);
    checks.set(key, checking);
    return await (await checking)(request, response);
  };
  return Object.assign(checked, {
    close: () => handler.close(),
    [Symbol.asyncDispose]: () => handler[Symbol.asyncDispose](),
  });
}

/** Returns what documents depend on: the routes, and whether there are tokens. */
function keyOf(handler: Handler, { tokens }: HandlerOptions): string {
  const { routes } = handler as unknown as { routes: readonly { method: string; path: string }[] };
  const names = routes.map(({ method, path }) => `${method} ${path}`);
  return JSON.stringify([tokens !== undefined, ...names]);
}

async function checkOf(handler: Handler): Promise<Check> {
  const answer = await handler(new Request("http://localhost/openapi.json"));
  return createCheck(await answer.json());
}

function createCheck(document: Document): Check {
  const ajv = new Ajv2020({
    strict: false,
    validateFormats: false,
    validateSchema: false, // the document is not a schema, it holds schemas
    code: { optimize: false }, // a schema checks few answers
  });
  ajv.addSchema(document, "document");
  const compiled = new Map<string, ValidateFunction>(); // hundreds of answers have the same schemas
  const findTemplate = createFinder(document);

  return async (request, response) => {
    const path = new URL(request.url).pathname;
    const template = findTemplate(path);
    if (template === undefined) return response; // no route
    const isTus = request.method === "POST" && response.status !== 405;
    const meant = isTus ? request.headers.get("x-http-method-override") : undefined;
    const method = (meant ?? request.method).toLowerCase();
    const operation = document.paths[template][method];
    const place = `${request.method} ${template} ${response.status}`;
    if (operation === undefined) {
      if (request.method === "PROPFIND") return response; // not in OpenAPI 3.1
      assert(response.status >= 400, `${place}: the method is not described`);
      return response;
    }
    const described = operation.responses[response.status];
    if (described === undefined) {
      fail(`${place}: the status is not described: ${await response.text()}`);
    }
    if (request.method === "HEAD" || response.body === null) return response;
    const type = response.headers.get("content-type")!.split(";")[0];
    const found = [type, "*/*"].find((each) => described.content?.[each] !== undefined);
    if (found === undefined) fail(`${place}: ${type} is not described`);
    if (!/[/+]json$/.test(found)) return response;
    const text = await response.text();
    const schema = JSON.stringify(described.content![found].schema);
    const answer = ["responses", response.status, "content", found, "schema"];
    const validate = compiled.get(schema) ??
      ajv.getSchema(pointerTo(["paths", template, method, ...answer])) ??
      fail(`${place}: ${found} has no schema`);
    compiled.set(schema, validate);
    assert(validate(JSON.parse(text)), `${place}: ${ajv.errorsText(validate.errors)}: ${text}`);
    return new Response(text, response);
  };
}

function pointerTo(steps: readonly (string | number)[]): string {
  const escaped = steps.map((step) =>
    encodeURIComponent(String(step).replaceAll("~", "~0").replaceAll("/", "~1"))
  );
  return `document#/${escaped.join("/")}`;
}

/** Finds the template of a path, preferably without parameters. */
function createFinder({ paths }: Document): (path: string) => string | undefined {
  const templates = Object.keys(paths)
    .sort((a, b) => a.split("{").length - b.split("{").length)
    .map((template) => ({ template, pattern: patternOf(template) }));
  return (path) => templates.find(({ pattern }) => pattern.test(path))?.template;
}

function patternOf(template: string): RegExp {
  const pattern = template.replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{path\}/, ".+").replace(
    /\{\w+\}/g,
    "[^/]+",
  );
  return new RegExp(`^${pattern}$`);
}
