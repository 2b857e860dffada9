// The page of the service, for browsers.
import { VERSION } from "../../holdfast_version.ts";
import { route } from "../describe.ts";
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";

const LINKS: readonly (readonly [path: string, text: string])[] = [
  ["openapi.json", "all routes, as OpenAPI 3.1"],
  ["registry", "the registry and the features of the service"],
  ["names", "the names"],
  ["health", "whether the program runs"],
  ["ready", "whether the store answers"],
];

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>holdfast</title>
<h1>holdfast ${VERSION}</h1>
<p>An HTTP service with a registry of versioned artifacts.</p>
<p><a href="explore/">Explore the registry</a></p>
<ul>
${LINKS.map(([path, text]) => `<li><a href="${path}">/${path}</a>: ${text}</li>`).join("\n")}
</ul>
</html>
`;

/**
 * The same page at both paths. Its links are relative, for services behind a path prefix. Browsers go
 * on to the explorer from the first one, with the fragment of the address: programs print addresses
 * such as `/#/experiments/…`.
 */
export function pageRoutes(routes: Routes): void {
  for (const [path, id] of [["/", "getPage"], ["/docs", "getDocs"]] as const) {
    route(routes, `GET ${path}`, {
      id,
      tag: "service",
      summary: "Returns a page with links, for browsers",
      scope: "open",
      answers: {
        200: { description: "The page", content: { "text/html": { schema: { type: "string" } } } },
        302: { description: "For browsers: the address of the explorer" },
      },
      answer: ({ c }) => {
        const headers = { vary: "accept" };
        if (path === "/" && /\btext\/html\b/i.test(c.header("accept") ?? "")) {
          return new Answer(null, { status: 302, headers: { ...headers, location: "explore/" } });
        }
        return new Answer(PAGE, {
          headers: { ...headers, "content-type": "text/html; charset=utf-8" },
        });
      },
    });
  }
}
