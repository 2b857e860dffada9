// Errors of opening a registry that name its location and origin.
import { isIP } from "node:net";
import { isRegistryError, type RegistryError, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { realSystem } from "../../core/system.ts";
import { isUntrusted, timeProblem } from "../../core/urls/tls_problems.ts";
import { type FoundRegistry, originOf, registryInside } from "./find_registry.ts";

/**
 * Adds the origin of the location, a registry inside the folder if there is one, and
 * what a certificate says that is not trusted.
 */
export async function explainFailure(failure: unknown, registry: FoundRegistry): Promise<unknown> {
  if (!isRegistryError(failure)) return failure;
  const error = isUntrusted(failure) ? await withCertificate(failure, registry) : failure;
  const inside = error.code === "NotFound" ? registryInside(registry) : undefined;
  const origin = originOf(registry);
  if (inside === undefined && origin === undefined) return error;
  const advice = inside === undefined ? {} : { hint: `Use the registry in ${shown(inside)}.` };
  const place = origin === undefined ? {} : { place: placeFrom(error, origin) };
  return retold(error, { ...advice, ...place, cause: error });
}

function placeFrom({ place, subject }: RegistryError, origin: string): string {
  const from = `the location ${origin}`;
  return place === undefined || place === subject ? from : `${place}; ${from}`;
}

/** Adds what the certificate says: Deno calls all kinds of refused ones not trusted. */
async function withCertificate(
  error: RegistryError,
  { location }: FoundRegistry,
): Promise<RegistryError> {
  const endpoint = URL.parse(error.backend ?? "")?.searchParams.get("endpoint");
  const url = URL.parse(endpoint ?? location);
  const certificate = url?.protocol === "https:" ? await certificateOf(url) : undefined;
  if (certificate === undefined) return error;
  const { issuer, validFrom, validTo } = certificate;
  const late = timeProblem({ validFrom, validTo }, realSystem.now());
  const { state = "" } = error;
  if (late !== undefined) {
    const said = state.replace("has a certificate that is not trusted", late.state);
    return retold(error, { state: said, hint: late.hint, cause: error });
  }
  if (issuer === undefined) return error;
  return retold(error, { state: `${state} (issuer ${shown(issuer)})`, cause: error });
}

/** Time to read a certificate, milliseconds. */
const LOOK_MS = 2_000;

interface ServerCertificate {
  issuer?: string;
  validFrom: string;
  validTo: string;
}

/** Returns what the certificate of a server says: runtimes refuse it without its details. */
async function certificateOf({ hostname, port }: URL): Promise<ServerCertificate | undefined> {
  const { connect } = await import("node:tls");
  const host = hostname.replace(/^\[|\]$/g, "");
  const servername = isIP(host) === 0 ? host : undefined;
  return await new Promise((resolve) => {
    // Nothing is sent over this connection.
    const look = { rejectUnauthorized: false, timeout: LOOK_MS };
    const socket = connect({ host, port: Number(port || 443), servername, ...look });
    const end = (certificate?: ServerCertificate) => {
      resolve(certificate);
      socket.destroy();
    };
    socket.on("secureConnect", () => {
      const { issuer, valid_from: validFrom, valid_to: validTo } = socket.getPeerCertificate();
      end({ issuer: [issuer?.CN ?? issuer?.O].flat()[0], validFrom, validTo });
    });
    socket.on("error", () => end());
    socket.on("timeout", () => end());
  });
}
