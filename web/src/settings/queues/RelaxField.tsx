import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Button, InputNumber, Select } from "antd";

import { useSpeech } from "../../i18n";
import type { RelaxStep } from "../model/documents";
import { useEditing } from "./editing";
import { Item } from "./fields";

const STEPS_MOST = 8;
const FIRST_S = 30;

/** After so long a wait less is required. */
export function RelaxField() {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  const steps = draft.relax;
  const put = (at: number, part: Partial<RelaxStep>) =>
    set({ relax: steps.map((step, index) => (index === at ? { ...step, ...part } : step)) });
  const add = () => set({ relax: [...steps, { after_s: (steps.at(-1)?.after_s ?? 0) + FIRST_S, ease: 3 }] });
  return (
    <Item field="relax">
      {steps.map((step, at) => (
        <div className="step" key={at}>
          <span>{t("relax.after")}</span>
          <InputNumber min={1} max={86_400} precision={0} value={step.after_s} suffix={t("unit.s")} aria-label={t("relax.after.label", { number: at + 1 })}
            onChange={(after_s) => after_s !== null && put(at, { after_s })} />
          <Select value={step.ease} aria-label={t("relax.ease.label", { number: at + 1 })} onChange={(ease) => put(at, { ease })}
            options={[...EASES].map((ease) => ({ value: ease, label: ease === 0 ? t("relax.all") : t("relax.ease", { ease }) }))} />
          <Button type="text" icon={<DeleteOutlined />} aria-label={t("relax.remove", { number: at + 1 })}
            onClick={() => set({ relax: steps.filter((_, index) => index !== at) })} />
        </div>
      ))}
      {steps.length < STEPS_MOST && <Button size="small" icon={<PlusOutlined />} onClick={add}>{t("relax.add")}</Button>}
    </Item>
  );
}

const EASES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 0];
