// Links that clients open without their token, as they do at W&B.
import { Answer, route, type Routes } from "../../../apps/gateways.ts";
import type { RouteContext } from "../../../apps/gateways.ts";
import { passwordAsToken, publicUrl, SealedLinks } from "../../../apps/server/extending.ts";
import { DEFAULT_ENTITY, nameOfCollection, nameOfProject, runKey, versionOf } from "./names.ts";
import { described } from "./operations.ts";

/** How long a link opens its path, milliseconds. */
const LINK_MS = 60 * 60 * 1000;

/**
 * Returns the header of a request, whose password is a token. Clients take what is before a dash as a
 * prefix of the key, and tokens may have dashes: keys are `key-` and the token.
 */
export function keyAsToken(request: Request): string | null {
  return passwordAsToken(request)?.replace(/^Bearer \w+-(?=holdfast_)/, "Bearer ") ?? null;
}

export class Links extends SealedLinks {
  constructor() {
    super({ lastsMs: LINK_MS, authorization: keyAsToken });
  }
}

/** Leads from the addresses that clients print (`View run at`) to the explorer, which asks for a token. */
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
  route(routes, "GET /:entity/:project/artifacts/:type/:collection/:alias", {
    ...leading("Artifact"),
    answer({ c, params }) {
      const name = nameOfCollection(nameOfProject(params), params.collection);
      return explored(c, "artifacts", name, versionOf(params.alias));
    },
  });
}

function explored(c: RouteContext, ...path: string[]): Answer {
  const location = `${publicUrl(c, "/explore/")}#/${path.map(encodeURIComponent).join("/")}`;
  return new Answer(null, { status: 302, headers: { location } });
}
