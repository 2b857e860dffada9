import { assertEquals } from "@std/assert";
import { openQueue } from "../../../queues/mod.ts";
import { programTest } from "../../support/servers/programs/program_tests.ts";

programTest(
  "thousands of waiting jobs are listed page by page, in their order",
  ["redis", "postgres"],
  async (servers) => {
    await using queue = await openQueue(`${(await servers.shared()).url}?queue=pages`);
    const ids = Array.from({ length: 2_300 }, (_, index) => `job-${index}`);
    await queue.add(
      ids.map((id, index) => ({
        id,
        group: index % 2 === 0 ? "even" : "odd",
        kind: "k",
        data: null,
      })),
    );
    await queue.add({ id: "later", group: "even", kind: "k", data: null, delayMs: 600_000 });
    const paged: string[] = [];
    for (let after: string | undefined;; after = paged.at(-1)) {
      const page = await queue.list({ limit: 700, after });
      paged.push(...page.map(({ id }) => id));
      if (page.length < 700) break;
    }
    assertEquals(paged, ["later", ...ids]);
    const odd = await queue.list({ group: "odd", state: "waiting", after: "job-1000", limit: 3 });
    assertEquals(odd.map(({ id }) => id), ["job-1001", "job-1003", "job-1005"]);
  },
);
