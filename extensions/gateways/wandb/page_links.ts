// The addresses that clients print (`View run at`) lead to the explorer, which asks for a token itself.
import { Answer, route, type RouteContext, type Routes } from "../../../apps/gateways.ts";
import { publicUrl } from "../../../apps/server/extending.ts";
import { DEFAULT_ENTITY, nameOfProject, runKey } from "./names.ts";
import { described } from "./operations.ts";

export function pageLinks(routes: Routes): void {
  const leading = (what: string) => ({
    ...described(`${what}Page`, `Leads to a ${what.toLowerCase()} in the explorer`, "open"),
    answers: { 302: { description: "The address in the explorer" } },
  });
  route(routes, `GET /${DEFAULT_ENTITY}/:project`, {
    ...leading("Project"),
    answer: ({ c, params }) => explored(c, "artifacts", nameOfProject(params)),
  });
  route(routes, "GET /:entity/:project/runs/:run", {
    ...leading("Run"),
    answer: ({ c, params }) => {
      const { name, id } = runKey(nameOfProject(params), params.run);
      return explored(c, "logged", name, id);
    },
  });
}

function explored(c: RouteContext, ...path: string[]): Answer {
  const location = `${publicUrl(c, "/explore/")}#/${path.map(encodeURIComponent).join("/")}`;
  return new Answer(null, { status: 302, headers: { location } });
}
