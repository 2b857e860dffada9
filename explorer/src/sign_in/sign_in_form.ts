// The page before anybody has signed in: identity providers, and a field for a token.
import type { Service } from "../api/service.ts";
import { ErrorNotice } from "../components/notices.ts";
import { elementOf } from "../framework/element_of.ts";
import { html } from "../framework/html.ts";
import { useRef, useState } from "../framework/preact.ts";
import { useLoaded } from "../framework/use_loaded.ts";
import { type Issuer, issuersOf } from "../api/grant.ts";
import { readToken } from "../api/tab_token.ts";

export interface SignInFormProps {
  readonly service: Service;
  /** Why the service refuses the token of this tab. */
  readonly refusal: unknown;
  /** The error of the last sign-in. */
  readonly error?: unknown;
  readonly enter: (token: string) => void;
}

export function SignInForm({ service, refusal, error, enter }: SignInFormProps) {
  const issuers = useLoaded((signal) => readIssuers(service, signal), []).value ?? [];
  const field = useRef<HTMLInputElement>(null);
  const isOther = issuers.length > 0;
  const isOfProvider = service.token.grant !== undefined;
  const [isOdd, setIsOdd] = useState(false);
  const refused = isOdd || service.hasToken && !isOfProvider;
  const submit = (event: Event) => {
    event.preventDefault();
    const token = readToken(elementOf(field).value);
    setIsOdd(token === undefined);
    if (token !== undefined) enter(token);
  };
  return html`
    <main class="alone">
      <form class="card sign-in" onSubmit=${submit}>
        <img src="icon.svg" alt="" width="36" height="36" />
        <h1>Sign in</h1>
        <${Providers} service=${service} issuers=${issuers} error=${isOfProvider
          ? refusal
          : error} />
        <p>${isOther
          ? "Or use a token."
          : "This service needs a token."} It stays in open tabs of this page, and is sent to this service only.</p>
        <label class="field">Token
          <input ref=${field} type="password" name="token" autocomplete="off" required
            placeholder="holdfast_…" aria-invalid=${refused} />
        </label>
        ${refused &&
          html`<p class="notice notice-error" role="alert">${
            isOdd
              ? "A token is one line of ASCII without spaces."
              : "The token is unknown, was removed or has expired."
          }</p>`}
        <button type="submit" class=${isOther ? "button" : "button button-main"}>${isOther
          ? "Use the token"
          : "Sign in"}</button>
        <p class="muted">Create one: <code>holdfast token create me --tokens FILE --scope 'read:*'</code></p>
      </form>
    </main>
  `;
}

function Providers({ service, issuers, error: earlier }: {
  service: Service;
  issuers: readonly Issuer[];
  error?: unknown;
}) {
  const [state, setState] = useState<{ busy?: boolean; error?: unknown }>({ error: earlier });
  const begin = async (issuer: Issuer) => {
    setState({ busy: true });
    setState({ error: await signInWith(issuer, service), busy: false });
  };
  return html`
    ${state.error !== undefined && html`<${ErrorNotice} error=${state.error} />`}
    ${issuers.map((issuer) =>
      html`
        <button key=${issuer.issuer} type="button" class="button button-main"
          disabled=${state.busy} onClick=${() => begin(issuer)}>Sign in
          with ${shownIssuer(issuer.issuer)}</button>
      `
    )}
  `;
}

/** Opens the page of the provider. Returns an error if that fails; else this page has ended. */
export async function signInWith(issuer: Issuer, { token }: Service): Promise<unknown> {
  try {
    const signIn = await token.loadSignIn?.();
    await signIn?.beginSignIn(issuer);
  } catch (error) {
    return error;
  }
}

/** Returns the host of an issuer, and the path of one among several: `example.com/realms/team`. */
export function shownIssuer(issuer: string): string {
  const url = URL.parse(issuer);
  return url === null ? issuer : `${url.host}${url.pathname.replace(/\/$/, "")}`;
}

/** Returns the providers with which people sign in: none for a service without sign-in. */
async function readIssuers(service: Service, signal: AbortSignal): Promise<readonly Issuer[]> {
  if (service.token.loadSignIn === undefined) return [];
  try {
    return issuersOf(await service.json("sign-in", { signal }));
  } catch {
    return [];
  }
}
