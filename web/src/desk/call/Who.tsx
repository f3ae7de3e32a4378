import { StopOutlined } from "@ant-design/icons";
import { Tag } from "antd";

import { LevelTag, numberOf } from "../../customer/Level";
import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import type { DeskState } from "../state";

/** The caller's name, as far as anybody knows it. */
export function nameOf(desk: DeskState): string {
  const { customer, caller } = desk.pop ?? { customer: null, caller: null };
  return customer?.name || customer?.organisation || caller?.name || "";
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
