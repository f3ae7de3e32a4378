import { CloseOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, Input } from "antd";
import { useEffect, useState } from "react";

import { useSpeech, type Key } from "../../i18n";
import type { OpenSpan } from "../model/documents";
import { DAY_MINUTES, minutesOf, nextSpan, of, timeOf, withDay } from "../model/hours";

const SPANS_MOST = 10; // a day; the gateway takes 70 a week

/** A day of the week: when it is open, as a bar and to type. */
export function Day({ weekday, spans, onChange }: { weekday: number; spans: OpenSpan[]; onChange: (spans: OpenSpan[]) => void }) {
  const { t } = useSpeech();
  const day = of(spans, weekday);
  const name = t(`weekday.${weekday}` as Key);
  const put = (changed: OpenSpan[]) => onChange(withDay(spans, weekday, changed));
  return (
    <div className="day" role="group" aria-label={name}>
      <span className="day-name">{name}</span>
      <Bar spans={day} />
      <div className="day-spans">
        {day.map((span, at) => (
          <span className="span" key={at}>
            <Time value={span.opens} label={t("hours.opens", { day: name })} onChange={(opens) => put(day.map((one, index) => (index === at ? { ...one, opens } : one)))} />
            –
            <Time value={span.closes} label={t("hours.closes", { day: name })} onChange={(closes) => put(day.map((one, index) => (index === at ? { ...one, closes } : one)))} />
            <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("hours.remove", { day: name, from: span.opens, to: span.closes })}
              onClick={() => put(day.filter((_, index) => index !== at))} />
          </span>
        ))}
        {day.length === 0 && <span className="secondary">{t("hours.closed")}</span>}
        {day.length < SPANS_MOST && (
          <Button type="text" size="small" icon={<PlusOutlined />} aria-label={t("hours.add", { day: name })}
            onClick={() => put([...day, nextSpan(spans, weekday)])} />
        )}
      </div>
    </div>
  );
}

function Bar({ spans }: { spans: OpenSpan[] }) {
  const percent = (time: string) => (100 * minutesOf(time)) / DAY_MINUTES;
  return (
    <svg className="day-bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden>
      <rect className="day-closed" width="100" height="4" />
      {spans.map(({ opens, closes }, at) => (
        <rect key={at} className="day-open" x={percent(opens)} width={Math.max(percent(closes) - percent(opens), 0)} height="4" />
      ))}
    </svg>
  );
}

/** A time of day; what is none of it goes back to what was. */
function Time({ value, label, onChange }: { value: string; label: string; onChange: (time: string) => void }) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  const done = () => {
    const time = timeOf(text);
    setText(time ?? value);
    if (time !== null && time !== value) onChange(time);
  };
  return (
    <Input size="small" className="time" aria-label={label} value={text} status={timeOf(text) === null ? "error" : ""}
      onChange={(event) => setText(event.target.value)} onBlur={done} onPressEnter={(event) => {
        event.preventDefault(); // not the whole form yet
        done();
      }} />
  );
}
