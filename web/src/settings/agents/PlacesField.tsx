import { CloseOutlined } from "@ant-design/icons";
import { Button, InputNumber, Select } from "antd";

import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import type { AgentDocument, Tier } from "../model/documents";
import type { Settings } from "../useSettings";

/** The queues an agent serves, and their place in each. */
export function PlacesField({ agent, settings, onChange }: {
  agent: AgentDocument;
  settings: Settings;
  onChange: (tiers: Record<string, Tier>) => void;
}) {
  const { t } = useSpeech();
  const { tiers } = agent;
  const put = (queue: string, part: Partial<Tier>) => onChange({ ...tiers, [queue]: { level: 1, position: 1, ...tiers[queue], ...part } });
  const drop = (queue: string) => onChange(Object.fromEntries(Object.entries(tiers).filter(([name]) => name !== queue)));
  const others = settings.queues.filter(({ name }) => !(name in tiers));
  return (
    <>
      {Object.entries(tiers).map(([queue, { level, position }]) => {
        const title = settings.titleOf(queue);
        return (
          <div className="place" key={queue}>
            <LongText text={title} />
            <InputNumber size="small" min={1} max={100} precision={0} value={level} prefix={t("agent.tier")}
              aria-label={t("agent.tier.of", { queue: title })} onChange={(value) => value !== null && put(queue, { level: value })} />
            <InputNumber size="small" min={1} max={10_000} precision={0} value={position} prefix={t("agent.position")}
              aria-label={t("agent.position.of", { queue: title })} onChange={(value) => value !== null && put(queue, { position: value })} />
            <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("agent.queue.remove", { queue: title })} onClick={() => drop(queue)} />
          </div>
        );
      })}
      <Select id="agent-queues" size="small" className="add" value={null} placeholder={t("agent.queue.add")} showSearch={{ optionFilterProp: "label" }}
        notFoundContent={t("agent.queue.all")} options={others.map(({ name, title }) => ({ value: name, label: title || name }))}
        onSelect={(queue: string | null) => queue !== null && put(queue, {})} />
    </>
  );
}
