// `holdfast probe`
import { DRIVERS } from "../../../../backends/drivers.ts";
import { hintFor } from "../../../../core/errors.ts";
import type { ProbeStep } from "../../../../registry/maintenance.ts";
import { probeStore } from "../../doctor/check_registry.ts";
import { type Command, defineCommand } from "../../program/command.ts";
import { findRegistry, refuseService } from "../../places/find_registry.ts";
import { openStore } from "../../places/open_store.ts";
import type { Column } from "../../terminal/table.ts";
import { printTable } from "../../terminal/print_table.ts";

export const probe: Command = defineCommand<[where?: string], Record<never, never>>({
  name: "probe",
  summary: "Check that a store meets the requirements of a registry.",
  details:
    "Sends about 280 requests, only below scratch/: races of creates, reads and lists after " +
    "writes, order, ranges, keys, the clock. Optional features may be missing. Exit code 1 if a " +
    "required one is missing.\n\n" +
    "" +
    `Stores: ${DRIVERS.map(({ help }) => help.urls).join("; ")}.\n\n` +
    `Credentials: ${DRIVERS.flatMap(({ help }) => help.credentials ?? []).join("; ")}.`,
  args: [{ usage: "[where]", text: "a folder or URL (default: the registry)", completes: "place" }],
  options: [],
  examples: [
    ["holdfast probe s3://bucket", "before the first registry there"],
    ["holdfast probe 'minio://bucket/team?endpoint=http://127.0.0.1:9000'", "your own server"],
    ["holdfast probe --json > certificate.json", "keep the result"],
  ],
  async run([where], _options, context) {
    const { io, logger, shared } = context;
    const found = findRegistry(where ?? shared.registry, io);
    refuseService(found, "probe a store");
    const backend = await openStore(found.location, {
      cwd: io.cwd,
      retryForMs: shared.wait,
      logger,
      system: io.system,
    });
    try {
      const certificate = await probeStore(backend, context);
      const { ok, steps, requests, clockOffsetMs } = certificate;
      if (!shared.json && !shared.quiet) {
        const columns = ["OK", { title: "WHAT", shrinks: true }, TOOK, "FOUND"];
        const rows = steps.map((step) => ({ json: step, cells: cellsOf(step) }));
        await printTable(context, columns, rows);
      }
      const clock = clockOffsetMs === undefined ? "" : `, clock ${clockOffsetMs} ms off`;
      const verdict = ok ? "meets all requirements" : "does not meet the requirements";
      const facts = `${requests} requests${clock}`;
      await context.result(certificate, `${backend.location} ${verdict} (${facts})`);
      return ok ? 0 : 1;
    } finally {
      await backend[Symbol.asyncDispose]();
    }
  },
});

const TOOK: Column = { title: "MS", align: "right" };

function cellsOf(step: ProbeStep): string[] {
  const { name, ok, required, detail = "", tookMs } = step;
  const hint = hintFor(step, "cli");
  const verdict = ok ? "yes" : required ? "NO" : "no (optional)";
  return [verdict, name, String(tookMs), hint === undefined || ok ? detail : `${detail} (${hint})`];
}
