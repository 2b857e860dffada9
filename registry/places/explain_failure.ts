// Errors of opening a registry that name its location and origin.
import { isIP } from "node:net";
import { isRegistryError, joinHints, type RegistryError, retold } from "../../core/errors.ts";
import { shown } from "../../core/naming/names.ts";
import { isUntrusted } from "../../core/urls/tls_problems.ts";
import { type FoundRegistry, originOf, registryInside } from "./find_registry.ts";

/**
 * Adds the origin of the location to the hint, a registry inside the folder if there is one, and
 * the issuer of a certificate that is not trusted.
 */
export async function explainFailure(failure: unknown, found: FoundRegistry): Promise<unknown> {
  if (!isRegistryError(failure)) return failure;
  const error = isUntrusted(failure) ? await withIssuer(failure, found) : failure;
  const inside = error.code === "NotFound" ? registryInside(found) : undefined;
  const origin = originOf(found);
  if (inside === undefined && origin === undefined) return error;
  const advice = inside === undefined ? error : { hint: `Use the registry in ${shown(inside)}.` };
  const place = origin === undefined ? {} : { hint: `The location ${origin}.` };
  return retold(error, { ...joinHints(place, advice), cause: error }); // commands come last
}

async function withIssuer(
  error: RegistryError,
  { location }: FoundRegistry,
): Promise<RegistryError> {
  const endpoint = URL.parse(error.backend ?? "")?.searchParams.get("endpoint");
  const url = URL.parse(endpoint ?? location);
  const issuer = url?.protocol === "https:" ? await issuerOf(url) : undefined;
  if (issuer === undefined) return error;
  return retold(error, { state: `${error.state} (issuer ${shown(issuer)})`, cause: error });
}

/** Time to read a certificate, milliseconds. */
const LOOK_MS = 2_000;

/** Returns who issued the certificate of a server: runtimes refuse it without a name. */
async function issuerOf({ hostname, port }: URL): Promise<string | undefined> {
  const { connect } = await import("node:tls");
  const host = hostname.replace(/^\[|\]$/g, "");
  const servername = isIP(host) === 0 ? host : undefined;
  return await new Promise((resolve) => {
    // Nothing is sent over this connection.
    const look = { rejectUnauthorized: false, timeout: LOOK_MS };
    const socket = connect({ host, port: Number(port || 443), servername, ...look });
    const end = (issuer?: string) => {
      resolve(issuer);
      socket.destroy();
    };
    socket.on("secureConnect", () => {
      const { issuer } = socket.getPeerCertificate();
      end([issuer?.CN ?? issuer?.O].flat()[0]);
    });
    socket.on("error", () => end());
    socket.on("timeout", () => end());
  });
}
