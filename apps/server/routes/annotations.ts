// Notes and labels of versions and names.
import { annotate, readAnnotations } from "../../../registry/mod.ts";
import { isVersion } from "../../../core/naming/versions.ts";
import type { Author } from "../../../core/naming/author.ts";
import type { Access } from "../access/access.ts";
import { route } from "../describe.ts";
import { answerJson, type Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { AnnotateQuery, AnnotationsChangeSchema, AnnotationsSchema } from "../schemas/artifact.ts";

const FOUND = { description: "The notes and labels", schema: AnnotationsSchema };
const FRESH = { "cache-control": "no-cache" };

export function annotationsRoutes(routes: Routes, { registry }: ServerContext): void {
  const isOwn = (by: Author | undefined, { token }: Access) =>
    token !== undefined && by?.token === token;
  const read = async (ref: string) => {
    const annotations = await readAnnotations(registry, ref);
    return annotations === undefined
      ? new Answer(null, { status: 204, headers: FRESH })
      : answerJson(annotations, 200, FRESH);
  };
  const reading = { tag: "annotations", scope: "read" } as const;
  const answers = { 200: FOUND, 204: { description: "There are none" } };
  route(routes, "GET /artifacts/:name/annotations", {
    id: "getNameAnnotations",
    ...reading,
    summary: "Returns the notes and labels of a name",
    answers,
    answer: ({ params: { name } }) => read(name),
  });
  route(routes, "GET /artifacts/:name/versions/:version/annotations", {
    id: "getAnnotations",
    ...reading,
    summary: "Returns the notes and labels of a version",
    answers,
    answer: ({ params: { name, version } }) => read(`${name}@${version}`),
  });

  const writing = {
    tag: "annotations",
    description: "A JSON merge patch (RFC 7396): null removes a member. Every change is kept.",
    answers: { 200: FOUND },
    query: AnnotateQuery,
    json: AnnotationsChangeSchema,
  } as const;
  route(routes, "PATCH /artifacts/:name/annotations", {
    id: "annotateName",
    ...writing,
    scope: "move",
    summary: "Changes the notes and labels of a name",
    answer: async ({ c, params: { name }, query, json, access, signal }) => {
      access.check("read", name); // the answer has what was there before
      return c.json(await annotate(registry, name, json, { ...query, signal }));
    },
  });
  route(routes, "PATCH /artifacts/:name/versions/:version/annotations", {
    id: "annotateVersion",
    ...writing,
    scope: "read", // the answer has what was there before
    description: `${writing.description} Needs \`move\`, or \`save\` for a version that the same ` +
      "token saved.",
    summary: "Changes the notes and labels of a version",
    answer: async ({ c, params: { name, version }, query, json, access, signal }) => {
      let noted = version;
      const mayMove = access.may("move", name);
      if (!mayMove || !isVersion(version)) {
        const info = await registry.info(name, { version, signal });
        if (!mayMove) access.check(isOwn(info.by, access) ? "save" : "move", name);
        c.info.version = noted = info.version; // an alias may move meanwhile
      }
      c.info.writes = name;
      return c.json(await annotate(registry, `${name}@${noted}`, json, { ...query, signal }));
    },
  });
}
