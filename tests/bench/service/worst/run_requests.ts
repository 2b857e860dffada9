// The worst requests about runs that programs log to.
import type { Ask, Worst } from "./request.ts";

const RUN = "/artifacts/NEW/runs/r";
const JSON_TYPE = "application/json";

const json = (title: string, path: string, body: () => unknown, more = {}): Worst => ({
  title,
  sent: () => [path, JSON.stringify(body()), JSON_TYPE],
  ...more,
});

export function runRequests(scale: number): Record<string, Worst[]> {
  const withPoints: Pick<Worst, "before"> = {
    async before(ask) {
      await ask("POST", RUN, "{}", JSON_TYPE);
      const data = btoa('{"step":1,"loss":0.5,"_time":1}\n'.repeat(130_000 * scale));
      const part = `points-00001-${"0".repeat(36)}-0000000000-${130_000 * scale}`;
      const path = `/artifacts/NEW/drafts/run:r/parts/${part}`;
      const files = [{ path: "history.jsonl", data }];
      return await ask("PUT", path, JSON.stringify({ files }), JSON_TYPE);
    },
  };
  const withConsole: Pick<Worst, "before"> = {
    async before(ask) {
      await ask("POST", RUN, "{}", JSON_TYPE);
      const content = Array(100_000 * scale).fill("2026-01-02T03:04:05.000 a line of text");
      const data = btoa(JSON.stringify({ offset: 0, content }));
      const path = `/artifacts/NEW/drafts/run:r/parts/stream-1-${content.length}-0-c-a`;
      const files = [{ path: "output.log", data }];
      return await ask("PUT", path, JSON.stringify({ files }), JSON_TYPE);
    },
  };
  return {
    "GET /logged-runs": [
      { title: "all", sent: () => ["/logged-runs?limit=10000"] },
      {
        title: "metrics of 4 MiB of points",
        ...withPoints,
        sent: () => ["/logged-runs?metrics=true"],
      },
    ],
    "GET /artifacts/:name/runs/:run": [
      { title: "4 MiB of points", ...withPoints, sent: () => [RUN] },
    ],
    "GET /artifacts/:name/runs/:run/console": [
      { title: "4 MiB of lines", ...withConsole, sent: () => [`${RUN}/console`] },
    ],
    "POST /artifacts/:name/runs/:run": [
      json("parameters", RUN, () => ({ params: { a: "a".repeat(31_000 * scale) } })),
      json(
        "too many parameters",
        RUN,
        () => ({ params: { a: "a".repeat(20 * 1024 ** 2 * scale) } }),
        { isRefused: true },
      ),
    ],
    "PATCH /artifacts/:name/runs/:run": [
      json(
        "parameters",
        RUN,
        () => ({ params: { a: "a".repeat(31_000 * scale) }, replace: true }),
        {
          before: (ask: Ask) => ask("POST", RUN, "{}", JSON_TYPE),
        },
      ),
    ],
    "POST /artifacts/:name/runs/:run/finish": [
      json("4 MiB of points", `${RUN}/finish`, () => ({}), withPoints),
    ],
  };
}
