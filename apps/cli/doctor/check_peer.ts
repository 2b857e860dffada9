// The certificate that a service shows, before clients refuse it.
import { isIP } from "node:net";
import { connect } from "node:tls";
import { soonProblem, timeProblem } from "../../../core/urls/tls_problems.ts";
import type { CliIo } from "../terminal/cli_io.ts";
import { type Check, ok, trouble } from "./check_machine.ts";

const WITHIN_MS = 5_000;

/**
 * Checks until when the certificate of a service is valid. Undefined if there is none, or no direct
 * connection to it: opening the registry reports that.
 */
export async function checkPeer(
  { protocol, hostname, port }: URL,
  { signal, system }: Pick<CliIo, "signal" | "system">,
): Promise<Check | undefined> {
  if (protocol !== "https:") return undefined;
  const host = hostname.replace(/^\[(.+)\]$/, "$1");
  const dates = await datesOf(host, Number(port || 443), signal);
  if (dates === undefined) return undefined;
  const now = system.now();
  const until = new Date(dates.validTo).toISOString().slice(0, 10);
  const problem = timeProblem(dates, now);
  if (problem !== undefined) return trouble(WHAT, "fail", `${host} ${problem.state}`, problem.hint);
  const ending = soonProblem(dates, now);
  return ending === undefined
    ? ok(WHAT, `that of ${host} is valid until ${until}`)
    : trouble(WHAT, "warn", `that of ${host} ${ending.state}`, ending.hint);
}

const WHAT = "certificate";

interface Dates {
  validFrom: string;
  validTo: string;
}

/** Returns the dates of a certificate, also of one that clients refuse. Sends nothing else. */
function datesOf(host: string, port: number, signal: AbortSignal): Promise<Dates | undefined> {
  const { promise, resolve } = Promise.withResolvers<Dates | undefined>();
  const servername = isIP(host) === 0 ? host : undefined;
  const socket = connect({ host, port, servername, rejectUnauthorized: false }, () => {
    const { valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate();
    const isKnown = !Number.isNaN(Date.parse(validTo)) && !Number.isNaN(Date.parse(validFrom));
    resolve(isKnown ? { validFrom, validTo } : undefined);
  });
  const end = () => resolve(undefined);
  socket.setTimeout(WITHIN_MS, end);
  socket.on("error", end);
  signal.addEventListener("abort", end, { once: true });
  return promise.finally(() => {
    signal.removeEventListener("abort", end);
    socket.destroy();
  });
}
