import { Checkbox, InputNumber } from "antd";

import { useSpeech } from "../../i18n";
import { CHANNELS, type AgentDocument, type Capacity, type Channel } from "../model/documents";

const MOST = 20; // of voice 1: a person has one telephone

/** How many contacts of each channel at once, and which want the agent alone. */
export function CapacityField({ agent, onChange }: { agent: AgentDocument; onChange: (capacity: AgentDocument["capacity"]) => void }) {
  const { t } = useSpeech();
  const { capacity } = agent;
  const put = (channel: Channel, kind: Capacity | undefined) => {
    const { [channel]: _, ...others } = capacity;
    onChange(kind ? { ...others, [channel]: kind } : others);
  };
  return (
    <div className="capacity">
      {CHANNELS.map((channel) => {
        const kind = capacity[channel];
        const name = t(`channel.${channel}`);
        return (
          <div className="place" key={channel}>
            <Checkbox checked={kind !== undefined} onChange={(event) =>
              put(channel, event.target.checked ? { most: 1, alone: channel === "voice" } : undefined)}>{name}</Checkbox>
            <InputNumber size="small" min={1} max={channel === "voice" ? 1 : MOST} precision={0} value={kind?.most ?? null}
              disabled={kind === undefined} aria-label={t("agent.capacity.most", { channel: name })}
              onChange={(most) => kind && most !== null && put(channel, { ...kind, most })} />
            <Checkbox checked={kind?.alone ?? false} disabled={kind === undefined} aria-label={t("agent.capacity.alone.of", { channel: name })}
              onChange={(event) => kind && put(channel, { ...kind, alone: event.target.checked })}>{t("agent.capacity.alone")}</Checkbox>
          </div>
        );
      })}
    </div>
  );
}
