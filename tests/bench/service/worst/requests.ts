// The worst requests found for each route: as much as its limits accept, or as much as it reads of
// a body that it refuses. Those without a body are in `without_body.ts`.
import { type Ask, FILES, reading, type Reason, refused, type Worst } from "./request.ts";
import { runRequests } from "./run_requests.ts";
import { base64, deepPath, metadata, numbers, wide } from "./values.ts";
import { WITHOUT_BODY } from "./without_body.ts";

const MIB = 1024 ** 2;
const JSON_TYPE = "application/json", LINES = "application/x-ndjson";
const BYTES = "application/octet-stream", FORM = "multipart/form-data; boundary=b";
const TUS = { "tus-resumable": "1.0.0" };

const materializer = { id: "folder", formatVersion: 1 };
const saved = (files: unknown, more = {}) => ({ materializer, files, ...more });
const line = (key: string, value: object) => `${JSON.stringify({ key, value })}\n`;
const HEADER = line("header", { summary: "x" });
const added = (path: string, content = "") => line("file", { path, content, encoding: "base64" });
const deleted = (key: string, path: string) => line(key, { path });

const SAVE = "/artifacts/NEW/versions", DRAFT = "/artifacts/NEW/drafts/d";
const PART = `${DRAFT}/parts/p`;

const json = (title: string, path: string, body: () => unknown, more = {}): Worst => ({
  title,
  sent: () => [path, JSON.stringify(body()), JSON_TYPE],
  ...more,
});

/** Returns the requests of all routes; `scale` 1 is their limit. Other Hub ids have the same ones. */
export function worstRequests(scale: number): Record<string, Worst[] | Reason> {
  const some = (count: number) => numbers(count * scale);
  const filled = (count: number, bytes: number) =>
    some(count).map((i) => ({ path: `${i}`, data: base64(i, bytes) }));
  const many = () => filled(99_000, 48);
  const deep = () => some(60_000).map((i) => ({ path: deepPath(i * 7919 % 60_000), data: "" }));
  const folders = () => some(3900).map((i) => ({ path: `${i}/${"a/".repeat(250)}a`, data: "" }));
  const withPart = (files: () => unknown): Pick<Worst, "before"> => ({
    before: (ask) => ask("PUT", PART, JSON.stringify({ files: files() }), JSON_TYPE),
  });
  const withDeep = (ask: Ask) => ask("POST", SAVE, JSON.stringify(saved(deep())), JSON_TYPE);
  const large = (mib: number) => "a".repeat(mib * MIB * scale); // rounds down
  const LENGTH = { "upload-length": `${Math.floor(64 * MIB * scale)}` };
  const form = (count: number) => {
    const head = '--b\r\ncontent-disposition: form-data; name="file"; filename="';
    const parts = some(count).map((i) => `${head}${i}"\r\n\r\na\r\n`);
    return `${parts.join("")}--b--\r\n`;
  };
  const began = async (ask: Ask) => {
    const { headers } = await ask("POST", "/uploads", undefined, { ...TUS, ...LENGTH });
    return `/${headers.get("location")}`;
  };
  const saves = (files: () => unknown, title: string, more = () => ({})) =>
    json(title, SAVE, () => saved(files(), more()));
  const commit = (title: string, body: () => string, more = {}): Worst => ({
    title,
    sent: () => ["/api/models/NEW/commit/main", body(), LINES],
    ...more,
  });

  /** Refused at its whole size. */
  const refusedWhole = (worst: Worst) => ({ ...worst, isRefused: scale === 1 });

  return {
    ...WITHOUT_BODY,
    "POST /artifacts/:name/versions": [
      saves(many, "99,000 files"),
      saves(() => filled(99_000, 0), "99,000 empty files"),
      saves(deep, "60,000 deep files"),
      saves(folders, "1,000,000 folders"),
      saves(() => filled(1, 23 * MIB * scale), "one file of base64"),
      {
        title: "spaces",
        sent: () => [
          SAVE,
          " ".repeat((32 * MIB - 1000) * scale) + JSON.stringify(saved([])),
          JSON_TYPE,
        ],
      },
      refused(saves(() => [], "backslashes", () => ({ version: "\\".repeat(15 * MIB * scale) }))),
      refusedWhole(saves(() => [], "numbers", () => ({ metadata: { a: some(990_000) } }))),
      refusedWhole(saves(() => [], "wide metadata", () => ({ metadata: wide(900_000 * scale) }))),
      refusedWhole(saves(
        () => [],
        "15 wide objects",
        () => ({ metadata: { a: numbers(15).map(() => wide(64_000 * scale)) } }),
      )),
    ],
    "POST /artifacts/:name/versions/:version/copy": [
      json("99,000 files", `${FILES}/copy`, () => ({ to: "copied" })),
    ],
    "DELETE /artifacts/:name/versions/:version": [
      {
        title: "99,000 files",
        before: (ask) => ask("POST", SAVE, JSON.stringify(saved(many())), JSON_TYPE),
        sent: () => [`${SAVE}/1.0.0`],
      },
    ],
    "POST /artifacts/:name/versions/:version/undelete": [
      {
        title: "99,000 files",
        before: async (ask) => {
          await ask("POST", SAVE, JSON.stringify(saved(many())), JSON_TYPE);
          await ask("DELETE", `${SAVE}/1.0.0`);
        },
        sent: () => [`${SAVE}/1.0.0/undelete`],
      },
    ],
    "DELETE /artifacts/:name": [
      {
        title: "99,000 files",
        before: (ask) => ask("POST", SAVE, JSON.stringify(saved(many())), JSON_TYPE),
        sent: () => ["/artifacts/NEW?allVersions=true"],
      },
    ],
    "PUT /artifacts/:name/aliases/:alias": [
      json(
        "a long version",
        "/artifacts/versions/aliases/a",
        () => ({ version: large(0.9) }),
        { isRefused: true },
      ),
    ],
    "POST /artifacts/:name/aliases/:alias/rollback": [
      json("an alias that moved", "/artifacts/versions/aliases/moved/rollback", () => ({})),
    ],
    "GET /artifacts/:name/drafts/:draft": [
      { title: "60,000 deep files", ...withPart(deep), sent: () => [`${DRAFT}?files=true`] },
    ],
    "PUT /artifacts/:name/drafts/:draft/parts/:part": [
      json("99,000 files", PART, () => ({ files: many() })),
      json("60,000 deep files", PART, () => ({ files: deep() })),
    ],
    "POST /artifacts/:name/drafts/:draft/commit": [
      json("99,000 files", `${DRAFT}/commit`, () => ({ materializer }), withPart(many)),
      json("60,000 deep files", `${DRAFT}/commit`, () => ({ materializer }), withPart(deep)),
      json("names of parts", `${DRAFT}/commit`, () => ({ parts: some(200_000).map(String) }), {
        ...withPart(() => filled(1 / scale, 1)),
        isRefused: true,
      }),
    ],
    "DELETE /artifacts/:name/drafts/:draft": [
      { title: "60,000 deep files", ...withPart(deep), sent: () => [DRAFT] },
    ],
    ...runRequests(scale),
    "POST /contents": [{ title: "64 MiB", sent: () => ["/contents", large(64), BYTES] }],
    "POST /contents/presign": [
      json("a long digest", "/contents/presign", () => ({ size: 1, sha256: "0".repeat(65_536) }), {
        isRefused: true,
      }),
    ],
    "POST /uploads": [
      {
        title: "64 MiB",
        sent: () => ["/uploads", large(64), {
          ...TUS,
          ...LENGTH,
          "content-type": "application/offset+octet-stream",
        }],
      },
    ],
    "GET /uploads/:upload": [{ title: "its state", before: began, sent: (path) => [path] }],
    "PATCH /uploads/:upload": [
      {
        title: "64 MiB",
        before: began,
        sent: (path) => [path, large(64), {
          ...TUS,
          "upload-offset": "0",
          "content-type": "application/offset+octet-stream",
        }],
      },
    ],
    "DELETE /uploads/:upload": [{
      title: "an empty one",
      before: began,
      sent: (path) => [path, undefined, TUS],
    }],
    "POST /upload": [
      { title: "64 MiB", sent: () => ["/upload?name=NEW", large(64), BYTES] },
      { title: "a form of 9,999 files", sent: () => ["/upload?name=NEW", form(9999), FORM] },
      {
        title: "a form of too many files",
        isRefused: scale === 1,
        sent: () => ["/upload?name=NEW", form(20_000), FORM],
      },
    ],
    "PATCH /artifacts/:name/annotations": [
      json("labels", "/artifacts/versions/annotations", () => ({ labels: metadata() })),
      json(
        "wide labels",
        "/artifacts/versions/annotations",
        () => ({ labels: wide(60_000) }),
        { isRefused: true },
      ),
    ],
    "PATCH /artifacts/:name/versions/:version/annotations": [
      json(
        "labels",
        "/artifacts/versions/versions/1.0.0/annotations",
        () => ({ labels: metadata() }),
      ),
    ],
    "GET /artifacts/:name/versions/:version/archive": [
      ...reading(`${FILES}/archive`, `${FILES}/archive?format=tar`),
      { title: "60,000 deep files", before: withDeep, sent: () => [`${SAVE}/1.0.0/archive`] },
    ],
    "PATCH /rules": [
      json(
        "a condition",
        "/rules",
        () => ({ set: { pattern: "*", keepWhere: "(".repeat(4000) } }),
        { isRefused: true },
      ),
    ],
    "POST /api/repos/create": [
      json("a long name", "/api/repos/create", () => ({ name: large(0.9) }), { isRefused: true }),
    ],
    "GET /api/models/:repo/tree/:revision": [
      ...reading("/api/models/files/tree/main?recursive=true&expand=true"),
      {
        title: "60,000 deep files",
        before: withDeep,
        sent: () => ["/api/models/NEW/tree/main?recursive=true"],
      },
    ],
    "POST /api/models/:repo/paths-info/:revision": [
      json(
        "paths",
        "/api/models/files/paths-info/main",
        () => ({ paths: some(100_000).map(String), expand: true }),
      ),
      {
        title: "a form",
        sent: () => [
          "/api/models/files/paths-info/main",
          "paths=a&".repeat(110_000 * scale),
          "application/x-www-form-urlencoded",
        ],
      },
    ],
    "POST /api/models/:repo/preupload/:revision": [
      json("patterns", "/api/models/NEW/preupload/main", () => ({
        files: some(1000).map((i) => ({ path: `${"a".repeat(250)}/`.repeat(3) + i, size: 1 })),
        gitIgnore: "*a*a*b\n".repeat(1000 * scale),
      })),
    ],
    "POST /:repo/info/lfs/objects/batch": [
      json(
        "1000 objects",
        "/NEW.git/info/lfs/objects/batch",
        () => ({
          operation: "upload",
          objects: some(1000).map((i) => ({ oid: `${i}`.padStart(64, "0"), size: 1 })),
        }),
      ),
    ],
    "POST /api/models/:repo/commit/:revision": [
      commit(
        "99,000 files",
        () => HEADER + many().map(({ path, data }) => added(path, data)).join(""),
      ),
      commit(
        "50,000 deep files",
        () => HEADER + deep().slice(0, 50_000).map(({ path }) => added(path)).join(""),
      ),
      commit(
        "deletions of folders",
        () =>
          HEADER + some(49_000).map((i) => added(`d${i}/f`, base64(i, 8))).join("") +
          some(48_999).map((i) => deleted("deletedFolder", `d${i}/`)).join(""),
      ),
      commit(
        "deletions of files",
        () =>
          HEADER + added("kept") +
          some(49_000).map((i) => added(`${i}`, base64(i, 8)) + deleted("deletedFile", `${i}`))
            .join(""),
      ),
      commit("one nested line", () => HEADER + "[".repeat(900_000 * scale), { isRefused: true }),
      commit("blank lines", () => HEADER + added("kept") + "\n ".repeat(15.9 * MIB * scale)),
      {
        title: "onto 99,000 files",
        sent: () => ["/api/models/files/commit/main", HEADER + added("one more"), LINES],
      },
    ],
  };
}

/** Returns the key of a route in `worstRequests`: all ids of the Hub use the same code. */
export function keyOf({ method, path }: { method: string; path: string }): string {
  const plain = path.replace(/\{\[\^\][+*]\}/, "").replace("/api/datasets", "/api/models")
    .replace("/datasets/", "/").replace("/:org", "");
  return `${method} ${plain}`;
}
