// The server as one of several processes: what they share comes from outside.
export { createApp } from "../app.ts";
export { listenBeside } from "./listen.ts";
