// Schemas of the write routes of the Hugging Face Hub. Unknown members are ignored: clients send
// more than a registry needs.
import * as v from "npm:valibot@^1.5";
import { fault } from "../../../core/kernel.ts";
import { MOST_SENT_FILES, schema } from "../../../apps/server/extending.ts";

/** A file whose bytes are in the request. */
const SentInline = v.object({
  path: schema.Path,
  content: schema.Base64,
  encoding: v.literal("base64"),
});

export const HubCreate = v.object({
  name: schema.Text,
  organization: v.nullish(schema.Text),
  type: v.nullish(schema.Text),
  license: v.nullish(schema.Text),
  files: v.nullish(schema.atMost(MOST_SENT_FILES, SentInline)),
});

export const HubCreated = schema.object("HubCreated", {
  url: v.string(),
  name: v.string(),
  id: v.string(),
});

export const HubFindings = schema.object("HubFindings", {
  errors: v.array(v.unknown()),
  warnings: v.array(v.unknown()),
});

export const HubReceived = schema.object("HubReceived", { received: v.literal(true) });

export const HubPreupload = v.object({
  files: schema.atMost(1000, v.object({ path: schema.Path, size: schema.Amount })),
  gitIgnore: v.optional(schema.text(1024 ** 2)), // a file may be empty
});

export const HubModes = schema.object("HubModes", {
  files: v.array(v.object({
    path: v.string(),
    uploadMode: v.picklist(["regular", "lfs"]),
    shouldIgnore: v.boolean(),
    oid: v.optional(v.string()),
  })),
});

const LfsObject = v.object({ oid: schema.Sha256, size: schema.Amount });

export const HubBatch = v.object({
  operation: v.literal("upload"),
  objects: schema.atMost(1000, LfsObject),
});

export const HubBatchAnswer = schema.object("HubBatchAnswer", {
  transfer: v.literal("basic"),
  objects: v.array(v.object({
    ...LfsObject.entries,
    actions: v.optional(v.object({
      upload: v.object({ href: v.string(), header: v.record(v.string(), v.string()) }),
    })),
  })),
});

export const HubCommitted = schema.object("HubCommitted", {
  success: v.literal(true),
  commitOid: v.string(),
  commitUrl: v.string(),
  hookOutput: v.string(),
});

export const HubCommitQuery = v.object({
  create_pr: v.optional(
    schema.described(schema.text(100, 1), "Refused: there are no pull requests"),
  ),
});

/** A line of a commit, which has at most `MOST_SENT_FILES` of them. */
export const HubCommitLine = v.variant("key", [
  v.object({
    key: v.literal("header"),
    value: v.object({
      summary: schema.text(1024 ** 2),
      description: v.optional(schema.text(1024 ** 2), ""),
      parentCommit: v.optional(schema.Text),
    }),
  }),
  v.object({ key: v.literal("file"), value: SentInline }),
  v.object({
    key: v.literal("lfsFile"),
    value: v.object({ path: schema.Path, algo: v.literal("sha256"), oid: schema.Sha256 }),
  }),
  v.object({
    key: v.picklist(["deletedFile", "deletedFolder"]),
    value: v.object({ path: schema.Text }),
  }),
]);

export type CommitLine = v.InferOutput<typeof HubCommitLine>;

export function parseLine(text: string): CommitLine {
  return parsed(HubCommitLine, text, "the commit");
}

function parsed<S extends v.GenericSchema>(
  schema: S,
  text: string,
  what: string,
): v.InferOutput<S> {
  try {
    return v.parse(schema, JSON.parse(text), { abortEarly: true });
  } catch (error) {
    const state = v.isValiError(error) ? error.message : "it is not JSON";
    const hint = "Use huggingface_hub, or follow the API of the Hub.";
    throw fault({ code: "Invalid", action: `read ${what}`, state, hint });
  }
}
