// The frame of all views: sign-in, navigation, and the view of the address.
import { type Session, SessionContext } from "./api/context.ts";
import { type About, mayWrite, type Rights, type Service } from "./api/service.ts";
import { KeyboardHelp } from "./components/keyboard_help.ts";
import { SignIn } from "./components/sign_in.ts";
import { ThemeButton } from "./components/theme.ts";
import { ErrorNotice, Loading } from "./components/notices.ts";
import { html } from "./framework/html.ts";
import { useEffect, useRef } from "./framework/preact.ts";
import { hrefOf, type Place, usePlace } from "./framework/router.ts";
import { useLoaded } from "./framework/use_loaded.ts";
import { VIEWS } from "./views/mod.ts";
import { View } from "./views/view.ts";

const SITE_RIGHTS: Rights = { known: true, admin: false, writable: false, scopes: ["read:*"] };

async function openSession(service: Service, signal: AbortSignal): Promise<Session> {
  const asked = service.json<About>("registry", { signal });
  asked.catch(() => {}); // without rights it is refused
  const rights = service.isSite ? SITE_RIGHTS : await service.json<Rights>("access", { signal });
  const mayRead = rights.known && (rights.admin || rights.scopes.length > 0);
  return { service, rights, about: mayRead ? await asked : undefined as unknown as About };
}

export function App({ service }: { service: Service }) {
  const session = useLoaded((signal) => openSession(service, signal), []);
  useEffect(() => service.shareToken(session.reload), []);
  if (session.error !== undefined) {
    const { error, reload } = session;
    return html`
      <main class="alone">
        <${ErrorNotice} error=${error} retry=${reload} />
      </main>
    `;
  }
  if (session.value === undefined) {
    return html`
      <main class="alone">
        <${Loading} what="Opening the registry" />
      </main>
    `;
  }
  if (session.value.about === undefined) {
    const enter = (token: string) => (service.setToken(token), session.reload());
    return html`<${SignIn} refused=${service.hasToken} enter=${enter} />`;
  }
  const leave = () => (service.setToken(undefined), session.reload());
  return html`
    <${SessionContext.Provider} value=${session.value}>
      <${Frame} session=${session.value} leave=${leave} />
      <//>
  `;
}

function Frame({ session, leave }: { session: Session; leave: () => void }) {
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const path = place.path.join("/");
  const first = useRef(true);
  useEffect(() => {
    document.title = `${place.path.length === 0 ? "Names" : place.path.join(" / ")} · Holdfast`;
    if (first.current) first.current = false;
    else main.current!.focus({ preventScroll: true }); // a screen reader reads the new view
    scrollTo(0, 0);
  }, [path]);
  const skip = (event: Event) => {
    event.preventDefault();
    main.current!.focus();
  };
  return html`
    <button type="button" class="skip" onClick=${skip}>Skip to content</button>
    <header class="bar">
      <a class="brand" href=${hrefOf([])}><img src="icon.svg" alt="" width="20" height="20" />
        <span>Holdfast</span></a>
      <${Navigation} session=${session} place=${place} />
      <span class="bar-end">
        ${session.service.isSite && html`<span class="tag">read-only site</span>`}
        ${!session.service.isSite && session.service.hasToken &&
          html`<button type="button" class="button button-quiet" onClick=${leave}>Sign out</button>`}
        <${ThemeButton} />
      </span>
    </header>
    <${KeyboardHelp} />
    <main ref=${main} tabindex="-1">
      <${View} key=${path} place=${place} />
    </main>
  `;
}

function Navigation(
  { session: { rights, about, service }, place }: { session: Session; place: Place },
) {
  const given = {
    reads: true,
    runs: !service.isSite,
    jobs: about.features.includes("jobs"),
    admin: rights.admin && !service.isSite,
    writes: !service.isSite && mayWrite(rights),
  };
  const current = place.path[0] ?? "";
  const nav = useRef<HTMLElement>(null);
  useEffect(() => { // on narrow pages, the navigation scrolls
    const link = nav.current!.querySelector("[aria-current]");
    link?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [current]);
  return html`
    <nav ref=${nav} aria-label="Views">
      ${VIEWS.filter(({ needs }) => needs !== undefined && given[needs]).map((
        { title, at, also },
      ) =>
        html`
          <a href=${hrefOf(at === "" ? [] : [at])}
            aria-current=${at === current || also?.includes(current)
              ? "page"
              : undefined}>${title}</a>
        `
      )}
    </nav>
  `;
}
