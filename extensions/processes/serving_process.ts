// The server as one of several processes: what they share comes from outside.
export { createApp } from "../../apps/server/app.ts";
export { listenBeside } from "../../apps/server/listen/listen.ts";
