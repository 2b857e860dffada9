// The members of releases.
import { fault } from "../../../core/errors.ts";
import { nameSegment } from "../../../core/naming/names.ts";
import { parseRef, type Registry, resolveRelease } from "../../../mod.ts";
import type { Release } from "../../../registry/mod.ts";
import { type Access, mayReadRef } from "../access/access.ts";
import { route } from "../describe.ts";
import type { Routes } from "../gateways/gateway.ts";
import { Answer } from "../answer.ts";
import type { ServerContext } from "../routing.ts";
import { ReleaseSchema } from "../schemas/reading.ts";

export function releasesRoutes(routes: Routes, { registry }: ServerContext): void {
  route(routes, "GET /artifacts/:name/versions/:version/members", {
    id: "getRelease",
    tag: "releases",
    summary: "Returns the members of a release that the token may read, and their states",
    scope: "read",
    readsMany: true,
    answers: { 200: { description: "The release", schema: ReleaseSchema } },
    answer: async ({ c, params: { name, version }, access }) =>
      c.json(await readableRelease(registry, `${name}@${version}`, access), 200, FRESH),
  });
  route(routes, "GET /artifacts/:name/versions/:version/members/:member", {
    id: "getMember",
    tag: "releases",
    summary: "Redirects to the version that is a member of a release",
    scope: "read",
    readsMany: true,
    answers: {
      307: { description: "To the version", headers: { location: "The URL of its info" } },
    },
    answer: async ({ params: { name, version, member }, access }) => {
      const { members } = await readableRelease(registry, `${name}@${version}`, access);
      const state = Object.hasOwn(members, member) ? members[member] : undefined;
      if (state?.state !== "present") throw noMember(`${name}@${version}`, member, state?.state);
      const ref = parseRef(state.ref);
      const path = [ref.name, "versions", state.ref.slice(ref.name.length + 1)];
      const location = `../../../../${path.map(nameSegment).join("/")}`;
      return new Answer(null, { status: 307, headers: { location, ...FRESH } });
    },
  });
}

const FRESH = { "cache-control": "no-cache" };

async function readableRelease(registry: Registry, ref: string, access: Access): Promise<Release> {
  const release = await resolveRelease(registry, ref, { partial: true });
  const members = Object.entries(release.members).filter(([, { ref }]) => mayReadRef(access, ref));
  return { ...release, members: Object.fromEntries(members) };
}

function noMember(release: string, member: string, state = "no such member") {
  return fault({
    code: state === "changed" ? "Conflict" : "NotFound",
    action: "find",
    subject: JSON.stringify(`${release}/${member}`),
    state: state === "missing" ? "its version was deleted" : state,
    hint: "List the members: GET /artifacts/{name}/versions/{version}/members",
  });
}
