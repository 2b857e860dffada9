// The form for the token of a service.
import { html } from "../framework/html.ts";
import { useRef } from "../framework/preact.ts";

export function SignIn({ refused, enter }: { refused: boolean; enter: (token: string) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: Event) => {
    event.preventDefault();
    const token = field.current!.value.trim().replace(/^Bearer\s+/i, "");
    if (token !== "") enter(token);
  };
  return html`
    <main class="alone">
      <form class="card sign-in" onSubmit=${submit}>
        <img src="icon.svg" alt="" width="36" height="36" />
        <h1>Sign in</h1>
        <p>This service needs a token. It stays in this tab, and is sent to this service only.</p>
        <label class="field">Token
          <input ref=${field} type="password" name="token" autocomplete="off" required
            placeholder="holdfast_…" aria-invalid=${refused} />
        </label>
        ${refused &&
          html`<p class="notice notice-error" role="alert">The token is unknown, was removed or has expired.</p>`}
        <button type="submit" class="button button-main">Sign in</button>
        <p class="muted">Create one: <code>holdfast token create me --tokens FILE --scope 'read:*'</code></p>
      </form>
    </main>
  `;
}
