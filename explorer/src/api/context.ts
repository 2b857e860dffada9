// The service and the rights on it, for every view.
import { createContext, useContext } from "../framework/preact.ts";
import type { About, Rights, Service } from "./service.ts";

export interface Session {
  readonly service: Service;
  readonly about: About;
  readonly rights: Rights;
}

export const SessionContext = createContext<Session>(undefined as unknown as Session);

export function useSession(): Session {
  return useContext(SessionContext);
}
