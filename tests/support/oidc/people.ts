// People who sign in with a provider of these tests, without a browser: redirects are followed.
import type Provider from "npm:oidc-provider@^9.13";
import type { IncomingMessage, ServerResponse } from "node:http";

/** A public client, and the person who signs in with it. */
export interface PeopleOptions {
  clientId: string;
  account: string;
  /** Claims of access tokens and id tokens. */
  claims?: Record<string, unknown>;
  /** The person refuses. */
  denies?: boolean;
  /** Gives access tokens that are not JSON Web Tokens. */
  opaque?: boolean;
  /** Offers no device code. */
  noDevice?: boolean;
  /** @default that of the command line */
  redirectUris?: string[];
  /** How long access tokens are valid, seconds. */
  lifetimeS?: number;
}

const DEVICE = "urn:ietf:params:oauth:grant-type:device_code";

export function publicClient({ clientId, noDevice, redirectUris }: PeopleOptions) {
  return {
    client_id: clientId,
    application_type: "native" as const,
    grant_types: ["authorization_code", "refresh_token", ...noDevice ? [] : [DEVICE]],
    redirect_uris: redirectUris ?? ["http://127.0.0.1/"],
    response_types: ["code" as const],
    token_endpoint_auth_method: "none" as const,
  };
}

/** Settings of the provider for people, who agree to everything. The account may change later. */
export function peopleSettings(people: PeopleOptions) {
  const { noDevice, lifetimeS } = people;
  return {
    features: { deviceFlow: { enabled: !noDevice }, revocation: { enabled: true } },
    scopes: ["openid", "email", "offline_access"],
    clientBasedCORS: () => true,
    ...lifetimeS === undefined ? {} : { ttl: { AccessToken: lifetimeS } },
    findAccount: (_context: unknown, accountId: string) => ({
      accountId,
      claims: () => ({ sub: accountId, ...people.claims }),
    }),
  };
}

/** Answers the question who it is, and what it may do. */
export async function answerInteraction(
  provider: Provider,
  { account, denies }: PeopleOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const details = await provider.interactionDetails(request, response);
  const finish = (result: Record<string, unknown>) =>
    provider.interactionFinished(request, response, result, { mergeWithLastSubmission: true });
  if (denies) return await finish({ error: "access_denied", error_description: "No, thank you" });
  if (details.prompt.name === "login") return await finish({ login: { accountId: account } });
  const { client_id: clientId, scope, resource } = details.params as Record<string, string>;
  const grant = new provider.Grant({ accountId: account, clientId });
  grant.addOIDCScope(scope);
  if (resource !== undefined) grant.addResourceScope(resource, "");
  await finish({ consent: { grantId: await grant.save() } });
}

/** A browser that follows redirects, keeps cookies, and shows the last page. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  async open(url: string, body?: URLSearchParams): Promise<{ url: string; text: string }> {
    for (let hops = 0, sent = body; hops < 20; hops++, sent = undefined) {
      const cookie = Array.from(this.#cookies, ([name, value]) => `${name}=${value}`).join("; ");
      const response = await fetch(url, {
        method: sent === undefined ? "GET" : "POST",
        body: sent,
        headers: { cookie },
        redirect: "manual",
      });
      for (const each of response.headers.getSetCookie()) {
        const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(each) ?? [];
        if (value === "") this.#cookies.delete(name);
        else this.#cookies.set(name, value);
      }
      const text = await response.text();
      const to = response.headers.get("location");
      if (to === null) return { url, text };
      url = new URL(to, url).href;
    }
    throw new Error(`too many redirects: ${url}`);
  }

  /** Enters a code on the page for device codes, and confirms it. */
  async enterCode(url: string, code: string): Promise<string> {
    let page = await this.open(url);
    for (const more of [{}, { confirm: "yes" }] as Record<string, string>[]) {
      const [, xsrf = ""] = /name="xsrf" value="([^"]+)"/.exec(page.text) ?? [];
      page = await this.open(url, new URLSearchParams({ xsrf, user_code: code, ...more }));
    }
    return page.text;
  }
}
