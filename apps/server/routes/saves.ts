// Saves, copies and deletions.
import { parseRef } from "../../../core/naming/refs.ts";
import type { Registry } from "../../../mod.ts";
import { readRules } from "../../../registry/tools/settings.ts";
import { invalid, orMissing } from "../../../core/errors.ts";
import { type Access, denied } from "../access/access.ts";
import { checkWrites } from "../access/guard_route.ts";
import { Answer } from "../answer.ts";
import type { Routes } from "../gateways/gateway.ts";
import type { ServerContext } from "../routing.ts";
import { METHODS } from "../../../core/options/methods.ts";
import { isUnknownRule } from "../../../core/registry/rules.ts";
import { route } from "../describe.ts";
import { operationRoute } from "../operation_route.ts";
import * as saving from "../saving/save_sent.ts";
import { CHECKED, savedAnswer } from "../saving/saved_answer.ts";
import { sentDigest } from "../saving/sent_files.ts";
import { flag } from "../schemas/listing.ts";
import * as schemas from "../schemas/saving.ts";

const SAVED = {
  201: { description: "Saved", schema: schemas.SavedArtifactSchema },
  200: {
    description: "The version existed: nothing was written",
    schema: schemas.SavedArtifactSchema,
    headers: {
      "holdfast-skipped": "`true`: nothing was saved. The content may differ from the version",
    },
  },
};

const DELETED = {
  200: { description: "`deleted` is false without a version", schema: schemas.DeletedSchema },
};

export function savesRoutes(routes: Routes, context: ServerContext): void {
  const { registry } = context;

  route(routes, "POST /artifacts/:name/versions", {
    id: "saveVersion",
    tag: "artifacts",
    summary: "Saves files as a new version",
    description:
      "Small files are in the request, others in uploads, which it consumes. Given sizes and " +
      "SHA-256 are checked. A repeat with the same idempotencyKey returns the first result, " +
      "even with other content: then `skipped` is true. Without `files`, it is only checked.",
    scope: "save",
    answers: { ...SAVED, ...CHECKED },
    json: schemas.SaveRequestSchema,
    answer: async ({ c, params: { name }, json, access, signal }) => {
      c.info.aliases = saving.aliasesOf(json.alias);
      c.info.dryRun = json.files === undefined;
      const saved = await saving.saveSent(context, json, { name, access, signal });
      if (saved === undefined) return new Answer(null, { status: 204 });
      const isOwn = async () => await sentDigest(json) === saved.digest;
      return await savedAnswer(c, saved, isOwn);
    },
  });

  operationRoute(routes, METHODS.copy, registry.copy.bind(registry), {
    answers: SAVED,
    answer: async ({ c, args: [from, to], options, access }) => {
      const target = parseRef(to).name;
      checkWrites(c, "save", target);
      saving.checkNamed(options, { name: target, access });
      let ref = from;
      if (!access.may("move", target)) { // a release needs it
        const info = await registry.info(ref, { signal: options.signal });
        const { materializer } = info; // not its inputs, which may be hidden
        saving.checkNamed({ materializer }, { name: target, access });
        ref = `${info.name}@${info.version}`; // an alias may move meanwhile
      }
      const saved = await registry.copy(ref, to, options);
      return await savedAnswer(c, saved, () => options.onConflict !== "skip");
    },
  });
}

const DELETE_NAME = {
  ...METHODS.delete,
  route: {
    ...METHODS.delete.route,
    at: "DELETE /artifacts/:name",
    id: "deleteName",
    summary: "Deletes all versions of a name, with `allVersions=true`",
  },
} as const;

export function deletesRoutes(routes: Routes, { registry }: ServerContext): void {
  const run = registry.delete.bind(registry);
  operationRoute(routes, METHODS.delete, run, {
    requestHeaders: saving.WRITE_CONDITIONS,
    answers: DELETED,
    answer: async ({ c, options, access }) => {
      const { name = "", version } = c.params; // a ref of `latest` would be bare: all versions
      const { force, dryRun, signal } = options;
      c.info.dryRun = dryRun;
      if (force) await checkForce(registry, { name, access, signal });
      const commit = await saving.readCondition(c.request, {
        subject: JSON.stringify(`${name}@${version}`),
        isShown: access.may("read", name),
        current: () =>
          orMissing(registry.info(name, { version, signal }).then(({ commit }) => commit)),
      });
      if (commit === null) return c.json({ deleted: false });
      const { ifCommit = commit } = options;
      const deletion = () => registry.delete(name, { ...options, version, ifCommit });
      return c.json({ deleted: await saving.ofCondition(ifCommit, deletion) });
    },
  });

  operationRoute(routes, METHODS.undelete, registry.undelete.bind(registry), {
    answers: { 201: SAVED[201] },
    answer: async ({ c, args: [ref], options }) =>
      await savedAnswer(c, await registry.undelete(ref, options), () => true),
  });

  operationRoute(routes, DELETE_NAME, run, {
    query: { allVersions: flag("Must be true: all versions are deleted") },
    answers: DELETED,
    answer: async ({ c, args: [name], options, own: { allVersions }, access }) => {
      c.info.dryRun = options.dryRun;
      if (options.force) await checkForce(registry, { name, access, signal: options.signal });
      if (!allVersions) {
        throw invalid("delete", JSON.stringify(name), "no version is given", {
          hint: "DELETE one version, or add ?allVersions=true to delete every version.",
        });
      }
      const deletion = () => registry.delete(name, { ...options, allVersions: true });
      return c.json({ deleted: await saving.ofCondition(options.ifCommit, deletion) });
    },
  });
}

/**
 * Throws `Denied` unless a token may force a deletion: an alias or a release may name the version,
 * and a rule may protect the alias or the name.
 */
async function checkForce(
  registry: Registry,
  { name, access, signal }: { name: string; access: Access; signal?: AbortSignal },
): Promise<void> {
  access.check("move", name);
  if (access.admin) return;
  const { rules } = await readRules(registry, { name, signal });
  if (rules.some((rule) => rule.protect || isUnknownRule(rule))) {
    throw denied("delete what a rule protects", "admin");
  }
  if (rules.some(({ protectAliases }) => protectAliases)) access.check("promote", name);
}
