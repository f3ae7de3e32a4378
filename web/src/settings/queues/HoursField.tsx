import { Button, Input, Select, Switch, Tag } from "antd";
import { useState } from "react";

import { useSpeech } from "../../i18n";
import type { OpeningHours } from "../model/documents";
import { WEEK, copied, withHolidays } from "../model/hours";
import { Day } from "./Day";
import { useEditing } from "./editing";
import { Item } from "./fields";

const OFFICE: OpeningHours["spans"] = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: "09:00", closes: "18:00" }));
const ZONES = Intl.supportedValuesOf("timeZone");
const here = () => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** A week and its holidays; or always open. */
export function HoursField() {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  const { hours } = draft;
  const put = (part: Partial<OpeningHours>) => hours && set({ hours: { ...hours, ...part } });
  return (
    <Item field="hours">
      <label className="switch-line">
        <Switch checked={hours === null} onChange={(always) =>
          set({ hours: always ? null : { zone: here(), spans: OFFICE, closed_on: [] } })} />
        {t("hours.always")}
      </label>
      {hours && (
        <>
          <div className="week">{WEEK.map((day) => <Day key={day} weekday={day} spans={hours.spans} onChange={(spans) => put({ spans })} />)}</div>
          <div className="line-tags week-tools">
            <Button size="small" onClick={() => put({ spans: copied(hours.spans, 1, [2, 3, 4, 5]) })}>{t("hours.copy.workdays")}</Button>
            <Button size="small" onClick={() => put({ spans: copied(hours.spans, 1, [2, 3, 4, 5, 6, 7]) })}>{t("hours.copy.week")}</Button>
          </div>
          <label className="labelled">{t("hours.zone")}
            <Select showSearch className="zone" value={hours.zone} onChange={(zone) => put({ zone })}
              options={ZONES.map((value) => ({ value, label: value }))} />
          </label>
          <Holidays closed={hours.closed_on} onChange={(closed_on) => put({ closed_on })} />
        </>
      )}
    </Item>
  );
}

function Holidays({ closed, onChange }: { closed: string[]; onChange: (closed: string[]) => void }) {
  const { t } = useSpeech();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const add = () => {
    onChange(withHolidays(closed, from, to));
    setFrom("");
    setTo("");
  };
  return (
    <div role="group" aria-label={t("hours.holidays")}>
      <div className="labelled">{t("hours.holidays")}</div>
      <div className="line-tags">
        {closed.map((day) => (
          <Tag key={day} closable onClose={() => onChange(closed.filter((one) => one !== day))}>{day}</Tag>
        ))}
        {closed.length === 0 && <span className="secondary">{t("hours.holidays.none")}</span>}
      </div>
      <div className="line-tags holidays-add" onKeyDown={(event) => event.key === "Enter" && event.preventDefault()}>
        <Input type="date" size="small" className="date" aria-label={t("hours.holidays.from")} value={from} onChange={(event) => setFrom(event.target.value)} />
        <span>–</span>
        <Input type="date" size="small" className="date" aria-label={t("hours.holidays.to")} value={to} min={from} onChange={(event) => setTo(event.target.value)} />
        <Button size="small" disabled={from === ""} onClick={add}>{t("hours.holidays.add")}</Button>
      </div>
    </div>
  );
}
