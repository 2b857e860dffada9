// The frame of all views: sign-in, navigation, and the view of the address.
import { elementOf } from "./framework/element_of.ts";
import { type Message, type Session, SessionContext } from "./api/context.ts";
import type { About, Opened, Rights, Service } from "./api/service.ts";
import type { PageExtension } from "./extension.ts";
import { FactList } from "./components/fact_list.ts";
import { ShownMessage } from "./components/messages.ts";
import { ErrorNotice, whenLoaded } from "./components/notices.ts";
import { html, shownText } from "./framework/html.ts";
import { useEffect, useMemo, useRef, useState } from "./framework/preact.ts";
import { keepScroll } from "./framework/kept.ts";
import { hrefOf, type Place, usePlace } from "./framework/router.ts";
import { useLoaded } from "./framework/use_loaded.ts";
import { SignInForm, signInWith } from "./sign_in/sign_in_form.ts";
import { Who } from "./sign_in/who.ts";
import { titleOf } from "./views/mod.ts";
import { View, viewsOf } from "./views/view.ts";

const SITE_RIGHTS: Rights = { known: true, admin: false, writable: false, scopes: ["read:*"] };

/** A session, or why there is none yet. */
type Entry = Opened | { readonly refusal: unknown };

async function openSession(service: Service, signal: AbortSignal): Promise<Entry> {
  let refusal: unknown;
  const asked = service.json<About>("registry", { signal }).catch((error) => {
    refusal = error; // without rights
  });
  const ask = () => service.json<Rights>("access", { signal });
  let rights = service.isSite ? SITE_RIGHTS : await ask();
  const about = await asked;
  if (!rights.known && about !== undefined) rights = await ask(); // the token has been renewed
  const mayRead = rights.known && (rights.admin || rights.scopes.length > 0);
  if (!mayRead) return { refusal };
  if (about === undefined) throw refusal;
  return { service, rights, about };
}

interface AppProps {
  readonly service: Service;
  readonly extensions: readonly PageExtension[];
  /** Why a sign-in failed. */
  readonly error?: unknown;
}

export function App({ service, extensions, error }: AppProps) {
  const session = useLoaded((signal) => openSession(service, signal), []);
  useEffect(() => service.token.share(session.reload), []);
  if (session.loading && session.value === undefined) return html`<${Skeleton} />`;
  if (session.error !== undefined || session.value === undefined) {
    return html`
      <main class="alone">${whenLoaded(session, () => null, "Opening the registry")}</main>
    `;
  }
  if ("refusal" in session.value) {
    const enter = (token: string) => (service.token.set(token), session.reload());
    const { refusal } = session.value;
    return html`<${SignInForm} ...${{ service, refusal, error, enter }} />`;
  }
  const opened = { opened: session.value, extensions, reload: session.reload, error };
  return html`<${OpenedApp} ...${opened} />`;
}

function OpenedApp(
  { opened, extensions, reload, error }: Pick<AppProps, "extensions" | "error"> & {
    opened: Opened;
    reload: () => void;
  },
) {
  const [message, announce] = useState<Message>();
  const session = useMemo(() => {
    const { features } = opened.about;
    const asked = extensions.filter(({ asks }) => asks === undefined || features.includes(asks));
    return { ...opened, extensions: asked, announce };
  }, [opened]);
  return html`
    <${SessionContext.Provider} value=${session}>
      <${Frame} session=${session} reload=${reload} />
      ${message && html`
        <${ShownMessage} key=${message.text} message=${message} close=${() =>
          announce(undefined)} />
      `}
      <${SignInAgain} session=${session} reload=${reload} error=${error} />
      <//>
  `;
}

/** Offers to sign in again once the token has ended: the view stays. */
function SignInAgain(
  { session: { service, rights }, reload, error }: {
    session: Session;
    reload: () => void;
    error?: unknown;
  },
) {
  const [isOver, setIsOver] = useState(false);
  const [problem, setProblem] = useState(error);
  useEffect(() => {
    service.token.onRefused = () => setIsOver(true);
    return () => void (service.token.onRefused = () => {});
  }, []);
  useEffect(() => setIsOver(false), [rights]);
  if (!isOver && problem === undefined) return null;
  const again = async () => {
    const { grant } = service.token;
    if (grant === undefined) reload(); // asks for a token
    else setProblem(await signInWith(grant.issuer, service));
  };
  const close = () => (setIsOver(false), setProblem(undefined));
  return html`
    <div class="message card stack">
      <div class="row">
        <span role="status" class="grow">${isOver
          ? "Your sign-in has ended."
          : "You are still signed in as before."}</span>
        ${isOver &&
          html`<button type="button" class="button button-main" onClick=${again}>Sign in again</button>`}
        <button type="button" class="button button-quiet" aria-label="Close the message"
          onClick=${close}>×</button>
      </div>
      ${problem !== undefined && html`<${ErrorNotice} error=${problem} />`}
    </div>
  `;
}

async function signOut({ token }: Service): Promise<void> {
  const grant = token.leave();
  if (grant === undefined) return;
  const signIn = await token.loadSignIn?.();
  await signIn?.revokeGrant(grant).catch(() => {}); // this tab has forgotten it all the same
}

/** The frame before the service has answered: the same as in `index.html`. */
function Skeleton() {
  return html`
    <header class="bar"><span class="brand">Holdfast</span></header>
    <main class="stack skeleton">
      <p class="hidden" role="status">Opening the registry…</p>
      ${[1, 2, 3, 4, 5].map((key) => html`<div key=${key}></div>`)}
    </main>
  `;
}

function Frame({ session, reload }: { session: Session; reload: () => void }) {
  const { service, rights } = session;
  const leave = () => (void signOut(service), reload());
  const place = usePlace();
  const main = useRef<HTMLElement>(null);
  const path = place.path.join("/");
  const first = useRef(true);
  useEffect(() => {
    if (first.current) first.current = false;
    else elementOf(main).focus({ preventScroll: true }); // a screen reader reads the new view
    scrollTo(0, 0);
    return keepScroll(
      "page",
      document.scrollingElement ?? document.documentElement,
      elementOf(main),
    );
  }, [path]);
  const title = titleOf(place, viewsOf(session));
  useEffect(() => void (document.title = shownText(title)), [title]);
  const skip = (event: Event) => {
    event.preventDefault();
    elementOf(main).focus();
  };
  return html`
    <button type="button" class="skip" onClick=${skip}>Skip to content</button>
    <header class="bar">
      <a class="brand" href=${hrefOf([])}><img src="icon.svg" alt="" width="20" height="20" />
        <span>Holdfast</span></a>
      <${Navigation} session=${session} place=${place} />
      <span class="bar-end">
        ${service.isSite && html`<span class="tag">read-only site</span>`}
        ${!service.isSite && service.hasToken && html`
          <${Who} rights=${rights} />
          <button type="button" class="button button-quiet" onClick=${leave}>Sign out</button>
        `}
        <${ThemeButton} />
      </span>
    </header>
    <${KeyboardHelp} />
    <main ref=${main} tabindex="-1">
      <${View} key=${path} place=${place} />
    </main>
  `;
}

function Navigation({ session, place }: { session: Session; place: Place }) {
  const views = viewsOf(session);
  const first = place.path[0] ?? "";
  const current = views.find(({ at }) => at === first)?.of ?? first;
  const nav = useRef<HTMLElement>(null);
  useEffect(() => { // on narrow pages, the navigation scrolls
    const bar = elementOf(nav);
    const link = bar.querySelector<HTMLElement>("[aria-current]");
    const observer = new ResizeObserver(() => { // only the bar: the page stays where it is
      if (link === null) return;
      bar.scrollLeft = link.offsetLeft - bar.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2;
    });
    observer.observe(bar);
    return () => observer.disconnect();
  }, [current]);
  return html`
    <nav ref=${nav} aria-label="Views">
      ${views.filter(({ of, isOffered }) => of === undefined && isOffered?.(session) !== false).map(
        (
          { title, at },
        ) =>
          html`
            <a href=${hrefOf(at === "" ? [] : [at])}
              aria-current=${at === current ? "page" : undefined}>${title}</a>
          `,
      )}
    </nav>
  `;
}

const THEME_KEY = "holdfast-theme";
const NEXT_THEME: Readonly<Record<string, string>> = {
  system: "light",
  light: "dark",
  dark: "system",
};
const THEME_MARKS: Readonly<Record<string, string>> = { system: "◐", light: "○", dark: "●" };

function ThemeButton() {
  const [theme, setTheme] = useState(localStorage.getItem(THEME_KEY) ?? "system");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem(THEME_KEY, theme);
  }, [theme]);
  return html`
    <button type="button" class="button button-quiet" title=${`Theme: ${theme}`}
      aria-label=${`Theme: ${theme}. Change it`} onClick=${() =>
        setTheme(NEXT_THEME[theme] ?? "system")}>
      <span aria-hidden="true">${THEME_MARKS[theme] ?? "◐"}</span>
    </button>
  `;
}

const KEYS = [
  ["Tab", "go to the next link, button or list"],
  ["↑ ↓ Page Up Page Down Home End", "move in lists and trees"],
  ["← →", "close and open a branch of a tree"],
  ["Enter", "open the selected item"],
  ["+ − 0, arrows", "zoom, fit and move a graph"],
  ["from, to", "fields above charts that zoom all charts; Table below a title has their values"],
  ["/", "go to the search or the filter"],
  ["Esc", "close a dialog or a menu"],
  ["?", "show these keys"],
];

function KeyboardHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const { tagName, isContentEditable } = event.target as HTMLElement;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(tagName) || isContentEditable) return;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const search = document.querySelector<HTMLElement>('main input[type="search"]');
      if (event.key === "?") elementOf(dialog).showModal();
      else if (event.key === "/" && search !== null) search.focus();
      else return;
      event.preventDefault();
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  }, []);
  return html`
    <dialog ref=${dialog} aria-label="Keyboard">
      <form method="dialog">
        <h2>Keyboard</h2>
        <${FactList} facts=${KEYS.map(([keys, what]) => [html`<kbd>${keys}</kbd>`, what])} />
        <div class="row dialog-end"><button class="button button-main">Close</button></div>
      </form>
    </dialog>
  `;
}
