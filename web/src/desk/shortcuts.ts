import { useEffect, useRef } from "react";

// By the key's place, not by its letter: with Alt held a Mac types other letters.
export const SHORTCUTS = {
  answer: { code: "KeyA", keys: "Alt+A" },
  reject: { code: "KeyR", keys: "Alt+R" },
  hold: { code: "KeyH", keys: "Alt+H" },
  transfer: { code: "KeyT", keys: "Alt+T" },
  hangup: { code: "KeyX", keys: "Alt+X" },
  wrapup: { code: "KeyW", keys: "Alt+W" },
} as const;

export type Shortcut = keyof typeof SHORTCUTS;

/** Calls the action of a shortcut while the component is shown. Also while somebody types in a field. */
export function useShortcuts(actions: Partial<Record<Shortcut, () => void>>): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      if (!event.altKey || event.ctrlKey || event.metaKey || event.repeat) return;
      for (const [name, { code }] of Object.entries(SHORTCUTS)) {
        const act = latest.current[name as Shortcut];
        if (event.code === code && act) {
          event.preventDefault();
          act();
        }
      }
    };
    window.addEventListener("keydown", pressed);
    return () => window.removeEventListener("keydown", pressed);
  }, []);
}
