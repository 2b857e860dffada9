// The requests that send no body: of routes that read, and of some that delete.
import { endless, FILES, listing, reading, type Reason, refused, type Worst } from "./request.ts";

const RELEASE = "/artifacts/release/versions/latest";

/** Each asks for what `state.ts` has filled, as much as a request may. */
export const WITHOUT_BODY: Record<string, Worst[] | Reason> = {
  "GET /registry": reading("/registry"),
  "GET /names": reading("/names?limit=10000"),
  "DELETE /artifacts/:name/aliases/:alias": reading("/artifacts/versions/aliases/none"),
  "OPTIONS /uploads": reading("/uploads"),
  "POST /uploads/": "like POST /uploads",
  "GET /artifacts/:name/versions/:version/presign": reading(`${FILES}/presign?path=0/0`).map(
    refused,
  ),
  "GET /jobs": reading("/jobs?limit=10000"),
  "GET /jobs/:job": reading("/jobs/j0"),
  "DELETE /jobs/:job": reading("/jobs/j0"),
  "POST /jobs/:job/retry": reading("/jobs/j0/retry").map(refused),
  "GET /jobs/:job/events": reading("/jobs/j0/events").map(endless),
  "GET /artifacts/:name/versions": reading(
    "/artifacts/versions/versions?limit=10000&details=true",
  ),
  "GET /artifacts/:name/versions/:version": reading(FILES),
  "GET /artifacts/:name/versions/:version/members": reading(`${RELEASE}/members`),
  "GET /artifacts/:name/versions/:version/members/:member": reading(`${RELEASE}/members/m0`),
  "GET /artifacts/:name/versions/:version/chunks/:path": reading(
    "/artifacts/large/versions/latest/chunks/data.bin",
  ),
  "GET /artifacts/:name/annotations": reading("/artifacts/versions/annotations"),
  "GET /artifacts/:name/versions/:version/annotations": reading(
    "/artifacts/versions/versions/1.0.0/annotations",
  ),
  "GET /artifacts/:name/versions/:version/files/:path": reading(
    `${FILES}/files/0/0`,
    "/artifacts/large/versions/latest/files/data.bin",
  ),
  "GET /artifacts/:name/aliases": reading("/artifacts/versions/aliases?limit=10000"),
  "GET /artifacts/:name/aliases/:alias": reading("/artifacts/versions/aliases/moved"),
  "GET /artifacts/:name/aliases/:alias/history": reading(
    "/artifacts/versions/aliases/moved/history?limit=10000",
  ),
  "GET /artifacts/:name/log": reading("/artifacts/versions/log?limit=10000"),
  "GET /log": reading("/log?limit=10000"),
  "GET /artifacts/:name/watch": reading("/artifacts/versions/watch").map(endless),
  "GET /lineage": reading("/lineage?ref=versions@1.0.0"),
  "GET /runs": reading("/runs?limit=10000"),
  "GET /runs/:run": reading("/runs/p@1"),
  "GET /runs/:run/steps/:step/attempts": reading("/runs/p@1/steps/s0/attempts"),
  "DELETE /runs/:run": reading("/runs/open@1"),
  "GET /space": reading("/space"),
  "GET /artifacts/:name/space": reading("/artifacts/versions/space"),
  "GET /rules": reading("/rules"),
  "GET /rules/history": reading("/rules/history?limit=10000"),
  "GET /search": reading(`/search?q=${"aa%20".repeat(20)}`, "/search?limit=1000"),
  "GET /health": "asked all the time",
  "GET /ready": reading("/ready"),
  "GET /metrics": reading("/metrics"),
  "GET /": reading("/"),
  "GET /docs": reading("/docs"),
  "GET /explore": reading("/explore"),
  "GET /explore/": "like GET /explore",
  "GET /explore/:file": "a file of the explorer, which is in memory",
  "GET /sign-in": reading("/sign-in"),
  "GET /access": reading("/access"),
  "GET /openapi.json": reading("/openapi.json"),
  "GET /api/whoami-v2": reading("/api/whoami-v2"),
  "OPTIONS /dav/:path": reading("/dav/"),
  "PROPFIND /dav/:path": listing(
    "/dav/",
    "/dav/versions",
    "/dav/files@1.0.0",
    "/dav/files@1.0.0/0",
  ),
  "GET /dav/:path": reading("/dav/files@1.0.0/0/0", "/dav/large/latest/data.bin"),
  "POST /api/validate-yaml": "reads no body",
  "PUT /uploads/:upload": "like PATCH /uploads/:upload",
  "GET /api/models": reading("/api/models"),
  "GET /api/models/:repo": reading("/api/models/files?blobs=true"),
  "GET /api/models/:repo/revision/:revision": "like GET /api/models/:repo",
  "GET /api/models/:repo/tree/:revision/:path": reading(
    "/api/models/files/tree/main/0?recursive=true",
  ),
  "GET /:repo/resolve/:revision/:path": reading("/files/resolve/main/0/0"),
  "GET /:repo/raw/:revision/:path": reading("/files/raw/main/0/0"),
  "GET /api/models/:repo/refs": reading("/api/models/versions/refs"),
  "GET /api/models/:repo/commits/:revision": reading(
    "/api/models/versions/commits/main?limit=1000",
  ),
  "GET /api/models/:repo/auth-check": reading("/api/models/files/auth-check"),
  "GET /api/models/:repo/xet-write-token/:revision": reading(
    "/api/models/NEW/xet-write-token/main",
  ),
};
