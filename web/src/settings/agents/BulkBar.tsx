import { Button, InputNumber, Select } from "antd";
import { useState } from "react";

import { useAction } from "../../desk/useAction";
import { useSpeech, type Key } from "../../i18n";
import { changesOf, skillsOf, type Bulk } from "../model/bulk";
import { restoring, type AgentDocument } from "../model/documents";
import { agentDifferences } from "../model/words";
import { Trouble } from "../Trouble";
import { useSaved } from "../useSaved";
import type { Settings } from "../useSettings";

const KINDS = ["queue.add", "queue.remove", "skill.set", "skill.remove"] as const;
type Kind = (typeof KINDS)[number];
const SKILL = /^[a-z0-9_-]{1,64}$/;

/** One change for all who are selected. */
export function BulkBar({ settings, agents, found, onAll, onNone }: {
  settings: Settings;
  agents: AgentDocument[];
  found: number;
  onAll: () => void;
  onNone: () => void;
}) {
  const { t } = useSpeech();
  const [kind, setKind] = useState<Kind>("queue.add");
  const [name, setName] = useState<string | null>(null);
  const [number, setNumber] = useState(1);
  const { run, pending, failed, forget } = useAction<"apply">();
  const change = useChangeAgents(settings);
  const queue = kind.startsWith("queue");
  const names = queue ? settings.queues.map((one) => ({ value: one.name, label: one.title || one.name }))
    : skillsOf(settings.agents).map((value) => ({ value, label: value }));
  const pick = (wanted: Kind) => {
    setKind(wanted);
    setName(null);
    setNumber(wanted === "skill.set" ? 5 : 1);
    forget();
  };
  const apply = () => void run("apply", () => change(agents, bulkOf(kind, name ?? "", number)));
  return (
    <div className="bulk" role="group" aria-label={t("bulk.selected", { count: agents.length })}>
      <strong>{t("bulk.selected", { count: agents.length })}</strong>
      {agents.length < found && <Button type="link" size="small" onClick={onAll}>{t("bulk.all", { count: found })}</Button>}
      <Button type="link" size="small" onClick={onNone}>{t("bulk.none")}</Button>
      <span className="bulk-gap" />
      <Select size="small" value={kind} onChange={pick} aria-label={t("bulk.what")} className="bulk-kind"
        options={KINDS.map((value) => ({ value, label: t(`bulk.${value}` as Key) }))} />
      <Select size="small" className="bulk-name" value={name} aria-label={t(queue ? "bulk.queue" : "bulk.skill")}
        placeholder={t(queue ? "bulk.queue" : "bulk.skill")} options={names} showSearch={{ optionFilterProp: "label" }}
        {...(kind === "skill.set" ? { mode: "tags" as const, maxCount: 1 } : {})}
        onChange={(value: string | string[] | null) => setName(Array.isArray(value) ? value.at(-1) ?? null : value)} />
      {(kind === "queue.add" || kind === "skill.set") && (
        <InputNumber size="small" min={1} max={queue ? 100 : 10} precision={0} value={number} className="bulk-number"
          prefix={t(queue ? "agent.tier" : "agent.level")} aria-label={t(queue ? "agent.tier" : "agent.level")}
          onChange={(value) => value !== null && setNumber(value)} />
      )}
      <Button size="small" type="primary" loading={pending !== null} disabled={!name || (!queue && !SKILL.test(name))} onClick={apply}>{t("bulk.apply")}</Button>
      {failed && <Trouble error={failed.error} onReload={() => {
        forget();
        settings.reload();
      }} />}
    </div>
  );
}

function bulkOf(kind: Kind, name: string, number: number): Bulk {
  if (kind === "queue.add") return { kind: "queue", name, tier: { level: number, position: 1 } };
  if (kind === "queue.remove") return { kind: "queue", name, tier: null };
  return { kind: "skill", name, level: kind === "skill.set" ? number : null };
}

/** Changes agents by what is named only; says what came of it, with a way back. */
function useChangeAgents(settings: Settings) {
  const { t } = useSpeech();
  const saved = useSaved();
  return async (agents: AgentDocument[], bulk: Bulk) => {
    const changes = changesOf(agents, bulk);
    if (changes.length === 0) return saved(t("bulk.nothing"), []);
    const kept = await settings.changeAgents(changes);
    const former = agents.filter((agent) => changes.some(({ agent_id }) => agent_id === agent.agent_id));
    saved(t("saved.agents", { count: kept.length }), agentDifferences(t, former, kept), () => putBack(settings, former));
  };
}

/** The former documents again, in place of whatever is there now. */
export async function putBack(settings: Settings, former: AgentDocument[]): Promise<void> {
  const now = new Map((await settings.readAgents()).map((agent) => [agent.agent_id, agent]));
  await settings.putAgents(former.map((agent) => restoring(agent, now.get(agent.agent_id))));
}
