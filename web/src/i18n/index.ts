import { createContext, useContext } from "react";

import { ApiError } from "../shared/api";
import { remembered } from "../shared/storage";
import { en, type Dictionary, type Key } from "./en";
import { zh } from "./zh";

export type Language = "en" | "zh-CN";
export type Translate = (key: Key, values?: Record<string, string | number>) => string;
export type { Key };

const DICTIONARIES: Record<Language, Dictionary> = { en, "zh-CN": zh };

export function translator(language: Language): Translate {
  const dictionary = DICTIONARIES[language];
  return (key, values) => fill(dictionary[key], values);
}

/** Values are put in once, as they are: a name such as `{time}` stays one. */
export function fill(text: string, values: Record<string, string | number> = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** A word of the gateway's in the person's language; one that nobody translated stays as it is. */
export function word(t: Translate, prefix: string, value: string): string {
  const key = `${prefix}.${value}`;
  return key in en ? t(key as Key) : value;
}

export function firstLanguage(): Language {
  const chosen = remembered.get("language");
  if (chosen === "en" || chosen === "zh-CN") return chosen;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh-CN" : "en";
}

export interface Speech {
  language: Language;
  t: Translate;
  choose: (language: Language) => void;
}

export const SpeechContext = createContext<Speech>({
  language: "en", t: translator("en"), choose: () => undefined,
});

export function useSpeech(): Speech {
  return useContext(SpeechContext);
}

/** What went wrong, for a person: in their words, with the gateway's own sentence where it says more. */
export function problem(speech: Pick<Speech, "language" | "t">, error: unknown): string {
  if (!(error instanceof ApiError)) return speech.t("error.other");
  const known = word(speech.t, "error", error.code);
  if (error.code === "unreachable" || !error.message) return known;
  const service = error.code === "unavailable" && error.service ? word(speech.t, "missing", error.service) : "";
  if (speech.language === "en") return service || error.message;
  return service || `${known}（${error.message}）`;
}
