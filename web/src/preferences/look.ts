import { theme, type ThemeConfig } from "antd";
import { createContext, useContext, useEffect, useState } from "react";

import { remembered } from "../shared/storage";

export type Look = "system" | "light" | "dark";

export interface Looks {
  look: Look;
  dark: boolean;
  /** The person asked their system for less motion. */
  still: boolean;
  choose: (look: Look) => void;
}

export const LookContext = createContext<Looks>({ look: "system", dark: false, still: false, choose: () => undefined });
export const useLook = () => useContext(LookContext);

const DARK = "(prefers-color-scheme: dark)";
const STILL = "(prefers-reduced-motion: reduce)";

export function useChosenLook(): Looks {
  const [look, setLook] = useState<Look>(() => {
    const chosen = remembered.get("look");
    return chosen === "light" || chosen === "dark" ? chosen : "system";
  });
  const systemDark = useMedia(DARK);
  const still = useMedia(STILL);

  const dark = look === "dark" || (look === "system" && systemDark);
  useEffect(() => {
    document.documentElement.dataset["look"] = dark ? "dark" : "light";
  }, [dark]);

  const choose = (wanted: Look) => {
    remembered.set("look", wanted === "system" ? null : wanted);
    setLook(wanted);
  };
  return { look, dark, still, choose };
}

function useMedia(query: string): boolean {
  const [matches, setMatches] = useState(() => window.matchMedia(query).matches);
  useEffect(() => {
    const media = window.matchMedia(query);
    const changed = () => setMatches(media.matches);
    media.addEventListener("change", changed);
    return () => media.removeEventListener("change", changed);
  }, [query]);
  return matches;
}

const FONTS = 'system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", '
  + '"Noto Sans SC", sans-serif';

export function antTheme({ dark, still }: Pick<Looks, "dark" | "still">): ThemeConfig {
  return {
    algorithm: dark ? theme.darkAlgorithm : theme.defaultAlgorithm,
    token: {
      colorPrimary: dark ? "#3b82f6" : "#1d5fd1",
      colorError: dark ? "#e5635d" : "#c9302c",
      colorTextSecondary: dark ? "rgba(255,255,255,0.68)" : "rgba(0,0,0,0.64)",
      colorTextDescription: dark ? "rgba(255,255,255,0.62)" : "rgba(0,0,0,0.6)",
      colorTextPlaceholder: dark ? "rgba(255,255,255,0.5)" : "rgba(0,0,0,0.54)",
      colorBgLayout: dark ? "#101318" : "#f2f4f8",
      motion: !still,
      borderRadius: 8,
      fontFamily: FONTS,
    },
    components: { Card: { bodyPaddingSM: 12, headerHeightSM: 42 } },
  };
}
