// The audit trail: each change, and each request that was refused for its rights.
import type { Logger, System } from "../../../mod.ts";
import { isRegistryError, messageOf } from "../../../core/errors.ts";
import type { Answer } from "../answer.ts";
import { RefusedRequest } from "../problem.ts";
import type { RequestInfo } from "../gateways/gateway.ts";
import { pathOf } from "../gateways/sent_path.ts";
import type { ServiceMemory } from "../memory/service_memory.ts";
import { type AuditEntry, type AuditSubject, boundedEntry } from "./audit_entry.ts";

const READS = new Set(["GET", "HEAD", "OPTIONS", "PROPFIND"]);

/** Bytes that no version has yet. */
const NOT_CHANGES = /^\/(uploads|contents)(\/|$)/;

/** Writes entries, and refuses changes while that fails. */
export class Audit {
  readonly #trail: ServiceMemory["trail"];
  readonly #system: Pick<System, "now">;
  readonly #logger: Pick<Logger, "error">;
  /** Changes that were not begun. */
  readonly #refused = new WeakSet<Request>();

  constructor(
    trail: ServiceMemory["trail"],
    { system, logger }: { system: Pick<System, "now">; logger: Pick<Logger, "error"> },
  ) {
    this.#trail = trail;
    this.#system = system;
    this.#logger = logger;
  }

  /** Throws 503 for a change while entries cannot be written. */
  async admit(request: Request, info: RequestInfo): Promise<void> {
    if (!isChange(request, info)) return;
    try {
      await this.#trail.check();
    } catch (error) {
      this.#refused.add(request);
      throw unwritten("not begun: the audit trail cannot be written", error);
    }
  }

  /**
   * Answers a request and writes its entry. A change is not begun while earlier entries cannot be
   * written.
   */
  async around(
    request: Request,
    info: RequestInfo,
    { answer, failed }: { answer(): Promise<Answer>; failed(thrown: unknown): Answer },
  ): Promise<Answer> {
    const answered = await this.admit(request, info).then(answer).catch((thrown) => {
      info.subject = { ...info.subject, ...subjectOf(thrown) };
      return failed(thrown);
    });
    return await this.write(request, info, answered).then(() => answered, failed);
  }

  /** Writes the entry of a request, if it has one. Throws 503 if that fails. */
  async write(request: Request, info: RequestInfo, { status }: Answer): Promise<void> {
    const isRefused = status === 401 || status === 403;
    if (!isRefused && !isChange(request, info)) return;
    const at = new Date(this.#system.now()).toISOString();
    const outcome = status < 400
      ? "done"
      : status < 500 || this.#refused.has(request)
      ? "refused"
      : "failed";
    const entry = boundedEntry(entryOf(request, info, { at, status, outcome }));
    try {
      await this.#trail.write(entry);
    } catch (error) {
      this.#logger.error(`Cannot write the audit trail: ${messageOf(error)}`);
      if (status < 400) throw unwritten("done, but not in the audit trail", error);
    }
  }
}

function entryOf(
  { method, headers }: Request,
  info: RequestInfo,
  about: Pick<AuditEntry, "at" | "status" | "outcome">,
): AuditEntry {
  const { hostname } = (info.remoteAddr ?? {}) as { hostname?: string };
  const bytes = headers.get("content-length");
  const refused = info.refusal instanceof RefusedRequest ? info.refusal.sender : undefined;
  const { author, issuer } = refused ?? info.access ?? {};
  return {
    at: about.at,
    request: info.requestId,
    by: author,
    ...(issuer !== undefined && { issuer }),
    address: hostname,
    method,
    route: info.route,
    name: info.target ?? info.name,
    version: info.version,
    aliases: info.aliases,
    ...info.subject,
    ...(info.dryRun && { dryRun: true }),
    ...(bytes !== null && { bytes: Number(bytes) }),
    status: about.status,
    outcome: about.outcome,
  };
}

/** Returns what only the error of a refused change has. */
function subjectOf(thrown: unknown): AuditSubject {
  const isUnmet = isRegistryError(thrown) && thrown.reason?.kind === "promotion_refused";
  return isUnmet ? { unmet: thrown.state } : {};
}

function isChange({ method, url }: Request, { gateway }: RequestInfo): boolean {
  return !READS.has(method) && !NOT_CHANGES.test(pathOf(url)) && !gateway?.gateway.passesOn;
}

function unwritten(state: string, cause: unknown): RefusedRequest {
  return new RefusedRequest({
    status: 503,
    code: state.startsWith("done") ? "Unknown" : "Unavailable",
    action: "answer",
    state,
    hint: "Ask the operator of the service to check the audit file and its disk.",
    cause,
  });
}
