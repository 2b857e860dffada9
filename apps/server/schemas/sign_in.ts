// Schemas of sign-in and of the rights of a token.
import * as v from "npm:valibot@^1.5";
import { AuthorSchema, Moment } from "./request_values.ts";
import { described, object } from "./listing.ts";

export const SignInSchema = object("SignIn", {
  audience: described(v.string(), "The `aud` to ask an issuer for; absent without issuers"),
  issuers: v.array(object("SignInIssuer", {
    issuer: v.string(),
    clientId: described(v.string(), "The public client of people; absent for programs only"),
    scope: described(v.string(), "The scope to ask for"),
    token: described(
      v.picklist(["access_token", "id_token"]),
      "The member of the issuer's answer with the token for this service",
    ),
    parameters: described(
      v.record(v.string(), v.string()),
      "Further parameters of requests for a code, for a device code and for tokens",
    ),
  })),
});

export const AccessSchema = object("Access", {
  known: v.boolean(),
  kind: described(
    v.picklist(["open", "token", "oidc"]),
    "A stored token, one of an issuer, or a service without tokens; absent unless `known`",
  ),
  admin: v.boolean(),
  writable: v.pipe(v.boolean(), v.description("False if the registry is served read-only")),
  scopes: v.array(v.string()),
  by: v.optional(AuthorSchema),
  issuer: described(v.string(), "The issuer that signed the token"),
  expiresAt: described(Moment, "The service accepts the token until then; absent without end"),
});
