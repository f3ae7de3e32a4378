import { Input, Select, Space } from "antd";

import { useSpeech } from "../../i18n";
import { ACTIONS, type Overflow, type OverflowField as Name } from "../model/documents";
import { useEditing } from "./editing";
import { Item } from "./fields";

const TARGETED = ["queue", "outside", "node"];

/** Where a contact goes that the queue cannot keep. */
export function OverflowField({ field }: { field: Name }) {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  const overflow = draft[field];
  const put = (part: Partial<Overflow>) => set({ [field]: { ...overflow, ...part } });
  return (
    <Item field={field}>
      <Space.Compact block>
        <Select id={`queue-${field}`} className="overflow-action" value={overflow.action}
          onChange={(action) => put({ action, target: "" })}
          options={ACTIONS.map((value) => ({ value, label: t(`overflow.${value}`) }))} />
        {TARGETED.includes(overflow.action) && <Target field={field} overflow={overflow} onChange={(target) => put({ target })} />}
      </Space.Compact>
    </Item>
  );
}

function Target({ field, overflow, onChange }: { field: Name; overflow: Overflow; onChange: (target: string) => void }) {
  const { t } = useSpeech();
  const { others } = useEditing();
  const label = t("overflow.target", { what: t(`queue.${field}`) });
  if (overflow.action !== "queue") {
    const outside = overflow.action === "outside";
    return (
      <Input aria-label={label} value={overflow.target} maxLength={64} {...(outside ? { inputMode: "tel" as const } : {})}
        placeholder={t(outside ? "overflow.number" : "overflow.name")} onChange={(event) => onChange(event.target.value.trim())} />
    );
  }
  return (
    <Select aria-label={label} className="overflow-target" value={overflow.target || null} onChange={onChange}
      placeholder={t("overflow.pick")} showSearch={{ optionFilterProp: "label" }}
      options={others.map(({ name, title }) => ({ value: name, label: title || name }))} />
  );
}
