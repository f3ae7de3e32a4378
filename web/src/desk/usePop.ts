import { useEffect, useRef } from "react";

import { loadPop } from "../customer/pop";
import { useSession } from "../session/Gate";
import { useDesk } from "./DeskProvider";

const PATIENCE_MS = 1_500; // the gateway pushes the pop within a second of the offer

/** Fetches what was not pushed: after a reload, after a lost connection, and parts that were missing and are back. */
export function usePop(): void {
  const { session } = useSession();
  const { desk, dispatch, link } = useDesk();
  const { contact, pop, missing } = desk;
  const wanted = contact && link.status === "open" ? contact.contact_id : null;
  const back = pop?.missing.filter((service) => !missing.includes(service)) ?? [];
  const why = wanted === null ? null : pop === null ? "none" : back.length > 0 ? `back ${back.join()}` : null;
  const caller = useRef(contact);
  caller.current = contact;

  useEffect(() => {
    if (wanted === null || why === null) return undefined;
    const abort = new AbortController();
    const timer = window.setTimeout(() => {
      if (caller.current === null) return;
      loadPop(session, caller.current, abort.signal).then(
        (data) => dispatch({ type: "pop_loaded", data }),
        () => undefined, // given up: another contact, or signed out
      );
    }, PATIENCE_MS);
    return () => {
      window.clearTimeout(timer);
      abort.abort();
    };
  }, [session, dispatch, wanted, why]);
}
