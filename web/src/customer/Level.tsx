import { CrownFilled } from "@ant-design/icons";
import { Tag } from "antd";

import { useSpeech, word, type Translate } from "../i18n";
import { readable } from "../shared/numbers";

const WITHHELD = new Set(["", "anonymous", "restricted", "unavailable", "unknown"]);

/** The number to be shown and said; a withheld one in words. */
export function numberOf(t: Translate, number: string): string {
  return WITHHELD.has(number.toLowerCase()) ? t("call.anonymous") : readable(number);
}

export function LevelTag({ level }: { level: number }) {
  const { t } = useSpeech();
  if (level <= 0) return null;
  const top = level >= 3;
  return (
    <Tag variant="solid" color={top ? "gold" : "geekblue"} icon={top ? <CrownFilled /> : undefined} className="level">
      {word(t, "call.level", String(Math.min(level, 3)))}
    </Tag>
  );
}
