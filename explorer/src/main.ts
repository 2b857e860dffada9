// The explorer: the first script of the page.
import { Service } from "./api/service.ts";
import { oneTimeToken } from "./api/one_time.ts";
import { App } from "./app.ts";
import { defineCondition } from "../../core/registry/conditions/promotion.ts";
import { EXTENSIONS } from "./extensions.ts";
import { html } from "./framework/html.ts";
import { render } from "./framework/preact.ts";
import { type LoadSignIn, type SignInAnswer, takeAnswer } from "./api/grant.ts";
import { TabToken } from "./api/tab_token.ts";

const answer = takeAnswer(location, history);
const isSite = document.querySelector("meta[name=holdfast-site]") !== null;
const loadSignIn = EXTENSIONS.find(({ loadSignIn }) => loadSignIn)?.loadSignIn;
const base = new URL("../", document.baseURI).href;
const token = new TabToken(base, loadSignIn);
const service = new Service(base, { isSite, token });
const oneTime = oneTimeToken(location, history);
if (oneTime !== undefined) token.set(oneTime);
const error = answer && loadSignIn && await finish(answer, loadSignIn);
for (const { conditions = {} } of EXTENSIONS) {
  for (const [name, each] of Object.entries(conditions)) defineCondition(name, each);
}
const box = document.getElementById("app")!;
box.textContent = "";
render(html`<${App} service=${service} extensions=${EXTENSIONS} error=${error} />`, box);

/** Ends a sign-in that a provider has answered, and returns to the view from before. */
async function finish(answer: SignInAnswer, loadSignIn: LoadSignIn): Promise<unknown> {
  try {
    const { grant, view } = await (await loadSignIn()).finishSignIn(answer);
    token.setGrant(grant);
    history.replaceState(null, "", view === "" ? "#/" : view);
  } catch (error) {
    return error;
  }
}
