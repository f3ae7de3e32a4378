import { useEffect, useSyncExternalStore } from "react";

import { remembered } from "../../shared/storage";
import { ring, wakeOnTouch } from "./ring";

const FLASH_MS = 900;

// ---------------------------------------------------------------- sound, on or off

const listeners = new Set<() => void>();
const isOn = () => remembered.get("sound") !== "off";
let on = isOn();

export function setSound(wanted: boolean): void {
  on = wanted;
  remembered.set("sound", wanted ? null : "off");
  for (const listener of listeners) listener();
}

export function useSound(): boolean {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, () => on);
}

export function useAwakeSound(): void {
  useEffect(() => wakeOnTouch(), []);
}

// ---------------------------------------------------------------- all that a ringing call does outside of its card

/** Ring tone, flashing title and, when the window is hidden, a notification; until unmounted. */
export function useRinging(sentence: string, quiet: boolean): void {
  const sound = useSound();
  useEffect(() => (sound && !quiet ? ring() : undefined), [sound, quiet]);

  useEffect(() => {
    const before = document.title;
    let shown = false;
    const flash = () => {
      shown = !shown;
      document.title = shown ? `☎ ${sentence}` : before;
    };
    flash();
    const timer = window.setInterval(flash, FLASH_MS);
    return () => {
      window.clearInterval(timer);
      document.title = before;
    };
  }, [sentence]);

  useEffect(() => {
    if (!document.hidden || !("Notification" in window) || Notification.permission !== "granted") return undefined;
    let shown: Notification;
    try {
      shown = new Notification(sentence, { tag: "switchyard-call", requireInteraction: true, icon: "/icon.svg" });
    } catch {
      return undefined; // Chrome on Android has the permission but not this way of using it
    }
    shown.onclick = () => window.focus();
    return () => shown.close();
  }, [sentence]);
}
