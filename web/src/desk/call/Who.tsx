import { CrownFilled, StopOutlined } from "@ant-design/icons";
import { Tag } from "antd";

import { useSpeech, word, type Translate } from "../../i18n";
import { LongText } from "../../shared/LongText";
import { readable } from "../../shared/numbers";
import type { DeskState } from "../state";

const WITHHELD = new Set(["", "anonymous", "restricted", "unavailable", "unknown"]);

/** The number to be shown and said; a withheld one in words. */
export function numberOf(t: Translate, number: string): string {
  return WITHHELD.has(number.toLowerCase()) ? t("call.anonymous") : readable(number);
}

/** The caller's name, as far as anybody knows it. */
export function nameOf(desk: DeskState): string {
  const { customer, caller } = desk.pop ?? { customer: null, caller: null };
  return customer?.name || customer?.organisation || caller?.name || "";
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

/** Who is on the line: name, level, number. */
export function Who({ desk }: { desk: DeskState }) {
  const { t } = useSpeech();
  const name = nameOf(desk);
  const number = numberOf(t, desk.contact?.from_number ?? "");
  const level = desk.pop?.customer?.level ?? desk.pop?.caller?.level ?? 0;
  const unknown = desk.pop !== null && !desk.pop.missing.includes("crm") ? t("call.unknown") : "";
  return (
    <div className="who">
      <div className="who-name">
        <LongText text={name || unknown || number} />
        <LevelTag level={level} />
        {desk.pop?.caller?.blocked && <Tag color="error" icon={<StopOutlined />}>{t("call.blocked")}</Tag>}
      </div>
      {(name || unknown) && <div className="who-number">{number}</div>}
    </div>
  );
}
