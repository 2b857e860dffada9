// Identity tokens (OpenID Connect), for which a certificate is issued. The authority verifies them; here
// their claims only give early errors and the string that the new key signs.
import { Buffer } from "node:buffer";
import { denied, invalid, isJsonObject, parsedJson, shown } from "../../../core/kernel.ts";
import { plain } from "../signers/certificates/pem.ts";

/** The audience of tokens for Sigstore. */
export const AUDIENCE = "sigstore";

const HINT = `Pass a token for the audience "${AUDIENCE}", as your CI or provider issues it.`;

/** Returns what the key signs to prove that it belongs to the token: the email address, or `sub`. */
export function subjectOf(token: string, now: number): string {
  const { aud, exp, email, email_verified, sub } = claimsOf(token);
  const audience = [aud].flat().filter((each) => typeof each === "string");
  if (!audience.includes(AUDIENCE)) {
    const found = audience.length === 0 ? "no audience" : shown(plain(audience.join(", ")));
    throw denied("sign", undefined, `the identity token is for ${found}, not for ${AUDIENCE}`, {
      hint: HINT,
    });
  }
  if (typeof exp === "number" && exp * 1000 <= now && exp > -LATEST_S) {
    const [end, clock] = [exp * 1000, now].map((time) => new Date(time).toISOString());
    throw denied("sign", undefined, `the identity token expired at ${end}, and it is ${clock}`, {
      hint: "Get a new token, or correct the clock of this machine.",
    });
  }
  if (typeof email === "string" && email_verified !== true && email_verified !== "true") {
    throw denied("sign", undefined, "the email address of the identity token is not verified", {
      hint: "Verify it with the provider, and get a new token.",
    });
  }
  const subject = typeof email === "string" ? email : sub;
  if (typeof subject === "string" && subject !== "") return subject;
  throw unreadable("the identity token has neither an email address nor a subject");
}

/** The end of the year 9999, seconds: later times, and those as long before 1970, have no text. */
export const LATEST_S = 253_402_300_799;

function claimsOf(token: string): Record<string, unknown> {
  const [, payload] = /^[\w-]+\.([\w-]+)\.[\w-]+$/.exec(token) ?? [];
  const claims = parsedJson(Buffer.from(payload ?? "", "base64url").toString());
  if (isJsonObject(claims)) return claims;
  throw unreadable("the identity token is not a JSON Web Token");
}

function unreadable(state: string) {
  return invalid("sign", undefined, state, { hint: HINT });
}
