import { Card, Tag } from "antd";

import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import { Nothing } from "../../shared/Nothing";
import type { AgentDocument, QueueDocument } from "../model/documents";
import type { Settings } from "../useSettings";

const SKILLS_SHOWN = 3;

/** Who serves a queue, in the order in which they are asked. */
export function Serving({ queue, settings }: { queue: QueueDocument; settings: Settings }) {
  const { t } = useSpeech();
  const agents = serving(settings.agents, queue.name);
  return (
    <Card size="small" title={t("serving.title", { count: agents.length })}>
      {agents.length === 0 ? <Nothing text={t("serving.none")} /> : (
        <ul className="lines serving">
          {agents.map((agent) => <li key={agent.agent_id} className="line"><One agent={agent} queue={queue} /></li>)}
        </ul>
      )}
    </Card>
  );
}

function One({ agent, queue }: { agent: AgentDocument; queue: QueueDocument }) {
  const { t } = useSpeech();
  const tier = agent.tiers[queue.name] ?? { level: 1, position: 1 };
  const place = queue.strategy === "top_down" ? t("serving.place", { level: tier.level, position: tier.position }) : t("serving.tier", { level: tier.level });
  const skills = Object.entries(agent.skills).sort(([, a], [, b]) => b - a);
  return (
    <>
      <span className="line-text">
        <LongText text={agent.name || agent.agent_id} />
        {skills.length > 0 && (
          <span className="secondary"><LongText text={skills.slice(0, SKILLS_SHOWN).map(([name, level]) => `${name} ${level}`).join(" · ") + (skills.length > SKILLS_SHOWN ? " …" : "")} /></span>
        )}
      </span>
      <Tag>{place}</Tag>
    </>
  );
}

function serving(agents: AgentDocument[], queue: string): AgentDocument[] {
  const tier = (agent: AgentDocument) => agent.tiers[queue] ?? { level: 1, position: 1 };
  return agents.filter((agent) => agent.queues.includes(queue))
    .sort((a, b) => tier(a).level - tier(b).level || tier(a).position - tier(b).position);
}
