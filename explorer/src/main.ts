// The explorer: the first script of the page.
import { Service } from "./api/service.ts";
import { oneTimeToken } from "./api/one_time.ts";
import { App } from "./app.ts";
import { html } from "./framework/html.ts";
import { render } from "./framework/preact.ts";

const isSite = document.querySelector("meta[name=holdfast-site]") !== null;
const service = new Service(new URL("../", document.baseURI).href, { isSite });
const token = oneTimeToken(location, history);
if (token !== undefined) service.setToken(token);
const box = document.getElementById("app")!;
box.textContent = "";
render(html`<${App} service=${service} />`, box);
