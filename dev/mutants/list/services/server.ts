// Mistakes of the HTTP service.
import type { Mutant } from "../../mutant.ts";

/** Mistakes of the HTTP service. */
export const SERVER: readonly Mutant[] = [
  {
    name: "server/prefix-for-every-scope",
    file: "apps/server/access/scopes.ts",
    text: "scope.prefix ? name.startsWith(scope.name) : name === scope.name",
    replacement: "name.startsWith(scope.name)",
    foundBy: {
      test: "tests/apps/server/access/scopes_test.ts",
      name: "a scope gives one right to one name",
    },
  },
  {
    name: "server/uploads-of-others",
    file: "apps/server/access/access.ts",
    text: "owns: (owner) => admin || owner === token",
    replacement: "owns: () => true",
    foundBy: {
      test: "tests/apps/server/uploads/presigned_test.ts",
      name: "an upload belongs to its token",
    },
  },
  {
    name: "server/names-are-not-asked",
    file: "apps/server/access/guard_route.ts",
    text: "name === undefined ? access.maySome(scope) : access.may(scope, name)",
    replacement: "access.maySome(scope)",
    foundBy: {
      test: "tests/apps/server/access/access_test.ts",
      name: "a token without rights is refused by every route",
    },
  },
  {
    name: "server/expired-tokens-count",
    file: "apps/server/access/token_check.ts",
    text: "system.now() < found.expiresAtMs",
    replacement: "true",
    foundBy: {
      test: "tests/apps/server/access/token_file_test.ts",
      name: "a token counts by its whole text",
    },
  },
  {
    name: "server/damaged-tokens-keep-the-old",
    file: "apps/server/access/token_check.ts",
    text: "      known = new Map();\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/access/token_file_test.ts",
      name: "where the file is gone or damaged",
    },
  },
  {
    name: "server/copies-anywhere",
    file: "apps/server/saving/changes.ts",
    text: '  access.check("write", parseRef(to).name);\n',
    replacement: "",
    foundBy: {
      test: "tests/apps/server/routes/saves_test.ts",
      name: "who copies a version needs the right",
    },
  },
  {
    name: "server/batch-writes-what-is-read",
    file: "apps/server/routes/batch.ts",
    text: 'reads ? "read" : "write"',
    replacement: 'reads ? "read" : "read"',
    foundBy: {
      test: "tests/apps/server/routes/batch_test.ts",
      name: "of a batch each operation needs its right",
    },
  },
  {
    name: "server/presigned-saved-anywhere",
    file: "apps/server/routes/presigned.ts",
    text: '      c.env.access.check("write", name);\n',
    replacement: "",
    foundBy: {
      test: "tests/apps/server/uploads/presigned_test.ts",
      name: "who commits an upload needs the right",
    },
  },
  {
    name: "server/jobs-of-others",
    file: "apps/server/routes/jobs.ts",
    text: '(typeof name === "string" && access.may(right, name))',
    replacement: 'typeof name === "string"',
    foundBy: {
      test: "tests/apps/server/routes/jobs_test.ts",
      name: "a job about an artifact is seen by",
    },
  },
  {
    name: "server/deleted-stay-hot",
    file: "apps/server/saving/changes.ts",
    text: "  hot.forget(name);\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/routes/files_test.ts",
      name: "a version that was deleted here",
    },
  },
  {
    name: "server/weak-tags-match",
    file: "apps/server/files/conditions.ts",
    text: "matchesTag(ifMatch, etag, { weak: false })",
    replacement: "matchesTag(ifMatch, etag, { weak: true })",
    foundBy: {
      test: "tests/apps/server/files/conditions_test.ts",
      name: "conditions are evaluated in the order",
    },
  },
  {
    name: "server/suffix-longer-than-the-file",
    file: "apps/server/files/conditions.ts",
    text: "Math.min(last!, size)",
    replacement: "last!",
    foundBy: {
      test: "tests/apps/server/files/conditions_test.ts",
      name: "one range of bytes is sent",
    },
  },
  {
    name: "server/if-range-is-not-asked",
    file: "apps/server/files/conditions.ts",
    text: "ifRange === null || ifRange.trim() === etag",
    replacement: 'ifRange !== "" || ifRange.trim() === etag',
    foundBy: {
      test: "tests/apps/server/files/conditions_test.ts",
      name: "a range of something else",
    },
  },
  {
    name: "server/replaceable-is-immutable",
    file: "apps/server/files/opened.ts",
    text: "!settings.mutable && ",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/routes/files_test.ts",
      name: "a version that can be replaced",
    },
  },
  {
    name: "server/hot-for-ever",
    file: "apps/server/files/hot_files.ts",
    text: "system.monotonic() - entry.since > FRESH_MS",
    replacement: "system.monotonic() < 0",
    foundBy: {
      test: "tests/apps/server/files/hot_answers_test.ts",
      name: "what was deleted elsewhere",
    },
  },
  {
    name: "server/hot-for-everybody",
    file: "apps/server/app.ts",
    text: 'known.access.may("read", file.name) && ',
    replacement: "",
    foundBy: { test: "tests/apps/server/routes/files_test.ts", name: "what one token has read" },
  },
  {
    name: "server/pages-are-shown",
    file: "apps/server/files/media.ts",
    text: 'HARMLESS.test(bare) ? "inline" : "attachment"',
    replacement: '"inline" as Disposition',
    foundBy: {
      test: "tests/apps/server/files/media_test.ts",
      name: "files that run nothing are shown",
    },
  },
  {
    name: "server/commit-opens-any-name",
    file: "apps/server/files/opened.ts",
    text: " && known.info.name === name",
    replacement: "",
    foundBy: { test: "tests/apps/server/routes/files_test.ts", name: "what one token has read" },
  },
  {
    name: "server/body-without-end",
    file: "apps/server/guard/body_limit.ts",
    text: "        if (bytes > maxBytes) throw tooLarge(maxBytes);\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/guard/body_limit_test.ts",
      name: "a body counts as it comes",
    },
  },
  {
    name: "server/rate-is-not-counted",
    file: "apps/server/guard/rate_limit.ts",
    text: "bucket.left--;",
    replacement: "",
    foundBy: { test: "tests/apps/server/guard/guard_test.ts", name: "who sends too many requests" },
  },
  {
    name: "server/any-host",
    file: "apps/server/guard/origin.ts",
    text: "if (!anyHost && !isLoopback",
    replacement: 'if (!anyHost && host === "" && !isLoopback',
    foundBy: {
      test: "tests/apps/server/guard/guard_test.ts",
      name: "a service without tokens answers only",
    },
  },
  {
    name: "server/upload-ids-in-logs",
    file: "apps/server/guard/guard.ts",
    text: '.replace(/^\\/uploads\\/.+/, "/uploads/…")',
    replacement: "",
    foundBy: {
      test: "tests/apps/server/guard/guard_test.ts",
      name: "the log has a line a request",
    },
  },
  {
    name: "server/lines-in-event-ids",
    file: "apps/server/event_stream.ts",
    text: 'return text.replace(/[\\r\\n\\0]/g, " ");',
    replacement: "return text;",
    foundBy: {
      test: "tests/apps/server/event_stream_test.ts",
      name: "events are sent with their ids",
    },
  },
  {
    name: "server/guard-reads-dots",
    file: "apps/server/app.ts",
    text: "  app.use(readDotNames);\n",
    replacement: "",
    foundBy: { test: "tests/apps/http_client/requests_test.ts", name: "names arrive as they are" },
  },
  {
    name: "server/end-does-not-wait",
    file: "apps/server/app.ts",
    text: "    await Promise.all(underWay);\n",
    replacement: "",
    foundBy: {
      test: "tests/apps/server/uploads/contents_test.ts",
      name: "a service that is closed waits",
    },
  },
];
