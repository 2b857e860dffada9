// The token of this tab, until it is closed: pasted, of a one-time address, or of a sign-in.
import { type Grant, type LoadSignIn, storedGrant, storeGrant } from "./grant.ts";

/** A token with less time than this is renewed before the next request, milliseconds. */
const MARGIN_MS = 60_000;

/** Returns the token in what a person has pasted; undefined if no header can have it. */
export function readToken(text: string): string | undefined {
  const token = text.trim().replace(/^Bearer\s+/i, "");
  return /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}

/** Messages between the tabs of this page. */
type Message =
  | "?"
  | { readonly token: string; readonly was?: string }
  | { readonly left: string };

export class TabToken {
  /** Undefined in a page without sign-in. */
  readonly loadSignIn?: LoadSignIn;
  readonly #service: string;
  /** The name of the token in this tab, and of the messages about it. */
  readonly #key: string;
  #value: string | undefined;
  #grant: Grant | undefined;
  #renewing?: Promise<void>;
  #channel?: BroadcastChannel;
  /** True if the service no longer accepts the token. */
  #isRefused = false;
  /** Is called when the service no longer accepts the token, and nothing renews it. */
  onRefused: () => void = () => {};

  /** @param service the URL of the service that receives the token, and no other one on its host */
  constructor(service: string, loadSignIn?: LoadSignIn) {
    this.#service = service;
    this.#key = `holdfast-token ${service}`;
    this.#value = sessionStorage.getItem(this.#key) ?? undefined;
    this.#grant = storedGrant(service);
    this.loadSignIn = loadSignIn;
  }

  get value(): string | undefined {
    return this.#value;
  }

  /** The sign-in that gave the token. */
  get grant(): Grant | undefined {
    return this.#grant;
  }

  set(token: string | undefined): void {
    this.#keep(token, undefined);
  }

  setGrant(grant: Grant): void {
    const was = this.#value;
    this.#keep(grant.token, grant);
    this.#send({ token: grant.token, was });
  }

  /** Removes the token, in other tabs too, and returns the sign-in that gave it. */
  leave(): Grant | undefined {
    const grant = this.#grant;
    if (this.#value !== undefined) this.#send({ left: this.#value });
    this.#keep(undefined, undefined);
    return grant;
  }

  #keep(token: string | undefined, grant: Grant | undefined): void {
    [this.#value, this.#grant, this.#isRefused] = [token, grant, false];
    if (token === undefined) sessionStorage.removeItem(this.#key);
    else sessionStorage.setItem(this.#key, token);
    storeGrant(this.#service, grant);
  }

  /** Renews a token that is about to expire. */
  async beforeRequest(nowMs = Date.now()): Promise<void> {
    const { expiresAtMs = Infinity } = this.#grant ?? {};
    if (expiresAtMs - nowMs <= MARGIN_MS) await this.#renew();
  }

  /** Returns true if the request that the service refused can be repeated with another token. */
  async afterRefusal(token: string | undefined): Promise<boolean> {
    if (token === undefined) return false;
    if (token === this.#value) await this.#renew();
    return token !== this.#value && this.#value !== undefined;
  }

  /** Reports that a token is not accepted. */
  refuse(token: string | undefined): void {
    if (token === undefined || token !== this.#value) return;
    if (this.#grant !== undefined) this.#keep(token, { ...this.#grant, refreshToken: undefined });
    this.#isRefused = true;
    this.#send("?");
    this.onRefused();
  }

  async #renew(): Promise<void> {
    if (this.#grant?.refreshToken === undefined) return;
    this.#renewing ??= this.#renewNow(this.#grant).finally(() => this.#renewing = undefined);
    await this.#renewing;
  }

  async #renewNow(grant: Grant): Promise<void> {
    const renew = async () => await (await this.loadSignIn?.())?.renewGrant(grant);
    const renewed = await renew().catch(() => grant); // it may answer later
    if (this.#grant !== grant || renewed === grant) return; // or the reader has left
    if (renewed !== undefined) this.setGrant(renewed);
    else this.#keep(grant.token, { ...grant, refreshToken: undefined });
  }

  /** Gives the token to other tabs of this page, and takes theirs. */
  share(changed: () => void): void {
    this.#channel = new BroadcastChannel(this.#key);
    this.#channel.onmessage = ({ data }: MessageEvent<Message>) => {
      if (data === "?") {
        if (this.#value !== undefined && !this.#isRefused) this.#send({ token: this.#value });
      } else if ("left" in data) {
        if (data.left !== this.#value) return;
        this.#keep(undefined, undefined);
        changed();
      } else if (this.#wants(data)) {
        const isNew = this.#value === undefined || this.#isRefused;
        this.#keep(data.token, undefined);
        if (isNew) changed();
      }
    };
    if (this.#value === undefined) this.#send("?");
  }

  #wants({ token, was }: { token: string; was?: string }): boolean {
    if (token === this.#value) return false;
    return this.#value === undefined || this.#isRefused || was === this.#value;
  }

  #send(message: Message): void {
    this.#channel?.postMessage(message);
  }
}
