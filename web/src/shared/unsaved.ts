import { useEffect } from "react";

// Which parts of the page hold something that is not saved.
const holders = new Set<symbol>();

export function anythingUnsaved(): boolean {
  return holders.size > 0;
}

function hold(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

/** While `dirty`, leaving asks first: the browser for the page, `useLeave` within it. */
export function useUnsaved(dirty: boolean): void {
  useEffect(() => {
    if (!dirty) return undefined;
    const me = Symbol("unsaved");
    holders.add(me);
    window.addEventListener("beforeunload", hold);
    return () => {
      holders.delete(me);
      if (holders.size === 0) window.removeEventListener("beforeunload", hold);
    };
  }, [dirty]);
}
