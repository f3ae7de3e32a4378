import { createContext, useContext, useEffect, useMemo, useState, useSyncExternalStore, type ReactNode } from "react";

import { useSession } from "../session/Gate";
import { ApiError } from "../shared/api";
import { PagePhone } from "./page";
import type { PhoneState } from "./state";

export interface Phone {
  state: PhoneState;
  phone: PagePhone;
}

const PhoneContext = createContext<Phone | null>(null);

export function usePhone(): Phone {
  const found = useContext(PhoneContext);
  if (found === null) throw new Error("usePhone outside of a PhoneProvider");
  return found;
}

const ASK_AGAIN_MS = 10_000;

/** The page's telephone. `claimed`: this tab is the agent's desk; `desk`: there is one at all. */
export function PhoneProvider({ desk, claimed, children }: { desk: boolean; claimed: boolean; children: ReactNode }) {
  const { session } = useSession();
  const [phone] = useState(() => new PagePhone(session));
  const state = useSyncExternalStore(phone.listen, phone.look);

  useEffect(() => phone.start(), [phone]);
  useEffect(() => phone.happened({ type: "claimed", claimed: desk && claimed }), [phone, desk, claimed]);

  useEffect(() => {
    if (!desk) return undefined;
    let timer: ReturnType<typeof setTimeout>;
    const ask = async () => {
      try {
        const { available } = await session.ask<{ available: boolean }>("/me/phone");
        phone.happened({ type: "known", available });
      } catch (problem) {
        // A gateway of before has no such thing; one that is away is asked again.
        if (problem instanceof ApiError && problem.code !== "unreachable" && problem.code !== "unavailable") return;
        timer = setTimeout(() => void ask(), ASK_AGAIN_MS);
      }
    };
    void ask();
    return () => clearTimeout(timer);
  }, [phone, session, desk]);

  const value = useMemo(() => ({ state, phone }), [state, phone]);
  return <PhoneContext value={value}>{children}</PhoneContext>;
}
