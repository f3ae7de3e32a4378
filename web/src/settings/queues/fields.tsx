import { Form, Input, InputNumber, Select } from "antd";
import { useState, type ReactNode } from "react";

import { useSpeech, word, type Key } from "../../i18n";
import { same, type QueueDocument } from "../model/documents";
import { BOUNDS, DEFAULTS, isAbout, type NumberField, type QueueField } from "../model/fields";
import { lasting } from "../model/words";
import { useEditing } from "./editing";

/** A setting with its name, one line that explains it, and what the gateway refused about it. */
export function Item({ field, extra, children }: { field: QueueField; extra?: ReactNode; children: ReactNode }) {
  const { t } = useSpeech();
  const { base, draft, refused } = useEditing();
  const wrong = isAbout(refused, field);
  const dirty = !same(base[field], draft[field]);
  return (
    <Form.Item label={t(`queue.${field}`)} htmlFor={`queue-${field}`} className={dirty ? "field dirty" : "field"}
      extra={<>{t(`queue.${field}.help`)}{extra}</>} {...(wrong ? { validateStatus: "error", help: refused?.sentence } : {})}>
      {children}
    </Form.Item>
  );
}

export function TextField({ field }: { field: "title" }) {
  const { draft, set } = useEditing();
  return (
    <Item field={field}>
      <Input id={`queue-${field}`} maxLength={200} value={draft[field]} placeholder={draft.name}
        onChange={(event) => set({ [field]: event.target.value })} />
    </Item>
  );
}

const COUNTED: Partial<Record<NumberField, Key>> = { ring_agents: "unit.agents", callback_attempts: "unit.attempts" };

/** A number with its unit. One at its default stands as a placeholder until somebody types another. */
export function NumberInput({ field }: { field: NumberField }) {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  const usual = DEFAULTS[field] ?? 0;
  const value = draft[field];
  const [own, setOwn] = useState(value !== usual);
  const [least, most] = BOUNDS[field];
  const unit = field.endsWith("_s") ? t("unit.s") : t("unit.contacts");
  return (
    <InputNumber id={`queue-${field}`} min={least} max={most} precision={0}
      suffix={COUNTED[field] ? t(COUNTED[field]) : unit} placeholder={String(usual)}
      value={own || value !== usual ? value : null} onChange={(typed) => {
        setOwn(typed !== null);
        set({ [field]: typed ?? usual });
      }} />
  );
}

export function NumberField({ field }: { field: NumberField }) {
  const { t } = useSpeech();
  const { draft } = useEditing();
  const value = draft[field] ?? 0;
  const long = field.endsWith("_s") && value >= 60;
  return (
    <Item field={field}>
      <div className="number-line">
        <NumberInput field={field} />
        {long && <span className="read secondary">= {lasting(t, value)}</span>}
      </div>
    </Item>
  );
}

type ChoiceField = "strategy" | "priority_mode" | "idle_since" | "callback_mode" | "recording";

/** One of several; what the chosen one means stands below. */
export function ChoiceField({ field, options }: { field: ChoiceField; options: readonly string[] }) {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  return (
    <Item field={field} extra={<> {word(t, `queue.${field}.help`, draft[field])}</>}>
      <Select id={`queue-${field}`} value={draft[field]} onChange={(value) => set({ [field]: value } as Partial<QueueDocument>)}
        options={options.map((value) => ({ value, label: t(`queue.${field}.${value}` as Key) }))} />
    </Item>
  );
}
