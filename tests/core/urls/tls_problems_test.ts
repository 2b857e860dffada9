import { assertEquals, assertMatch } from "@std/assert";
import { timeProblem, tlsProblem } from "../../../core/urls/tls_problems.ts";

const RUSTLS = "error sending request: client error (Connect): invalid peer certificate: ";

Deno.test("a refused certificate is named, in the words of every runtime", () => {
  const of = (message: string, code?: string) =>
    tlsProblem(
      new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) }),
    )
      ?.state;
  const cases: [state: string, message: string, code?: string][] = [
    [
      "has a certificate that expired on 2025-02-01",
      `${RUSTLS}certificate expired: verification time 1795716056 (UNIX), but certificate is not ` +
      "valid after 1738368000 (57348056 seconds ago)",
    ],
    ["has a certificate that expired", `${RUSTLS}Expired`],
    ["has a certificate that expired", "certificate has expired", "CERT_HAS_EXPIRED"],
    [
      "has a certificate that is not valid yet: it begins on 2040-01-01",
      `${RUSTLS}certificate not valid yet: verification time 1795716056 (UNIX), but certificate ` +
      "is not valid before 2208988800 (413272744 seconds in future)",
    ],
    [
      "has a certificate that is not valid yet",
      "certificate is not yet valid",
      "CERT_NOT_YET_VALID",
    ],
    [
      "has a certificate for another host name (other.example)",
      `${RUSTLS}certificate not valid for name "localhost"; certificate is only valid for ` +
      'DnsName("other.example")',
    ],
    [
      "has a certificate for another host name (DNS:other.example)",
      "Hostname/IP does not match certificate's altnames: Host: localhost. is not in the cert's " +
      "altnames: DNS:other.example",
      "ERR_TLS_CERT_ALTNAME_INVALID",
    ],
    ["has a certificate that is not trusted", `${RUSTLS}UnknownIssuer`],
    ["has a certificate that was revoked", "certificate revoked", "CERT_REVOKED"],
    ["has an invalid certificate", `${RUSTLS}BadEncoding`],
  ];
  for (const [state, message, code] of cases) assertEquals(of(message, code), state);
  for (const other of ["connection refused", "dns error", ""]) assertEquals(of(other), undefined);
});

Deno.test("the time of a certificate is compared with a clock", () => {
  const dates = { validFrom: "Jan  1 00:00:00 2025 GMT", validTo: "Feb  1 00:00:00 2025 GMT" };
  const at = (day: string) => timeProblem(dates, Date.parse(day))?.state;
  assertMatch(at("2025-03-01")!, /expired on 2025-02-01/);
  assertMatch(at("2024-03-01")!, /begins on 2025-01-01/);
  assertEquals(at("2025-01-15"), undefined);
});
