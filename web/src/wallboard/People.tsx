import { Alert, Button, Card, Input, Table, Tag } from "antd";
import { useState } from "react";

import { useDesk } from "../desk/DeskProvider";
import { present } from "../desk/presence";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { Clock } from "../shared/Clock";
import { LongText } from "../shared/LongText";
import { parsed } from "../shared/time";
import type { Agent } from "../shared/types";
import { useLoad } from "../shared/useLoad";

const EVERY_MS = 5_000;
const COLOURS = { ready: "green", busy: "blue", away: "orange", off: "default", alarm: "red" } as const;
const ORDER = { alarm: 0, busy: 1, ready: 2, away: 3, off: 4 } as const;

/** Who does what, and for how long; those who need attention first. */
export function People() {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { link } = useDesk();
  const [text, setText] = useState("");
  const { data, error, reload } = useLoad(link.status === "open" ? "agents" : null, (signal) =>
    session.ask<{ agents: Agent[] }>("/agents", { signal }), EVERY_MS);
  const wanted = text.trim().toLowerCase();
  const agents = (data?.agents ?? [])
    .filter((agent) => `${agent.name} ${agent.agent_id} ${agent.extension}`.toLowerCase().includes(wanted))
    .map((agent) => ({ ...agent, ...present(t, agent) }))
    .sort((a, b) => ORDER[a.tone] - ORDER[b.tone] || (parsed(a.since) ?? 0) - (parsed(b.since) ?? 0));
  return (
    <Card size="small" title={t("board.people")} extra={
      <Input size="small" allowClear value={text} onChange={(event) => setText(event.target.value)}
        placeholder={t("board.filter")} aria-label={t("board.filter")} />
    }>
      {error !== null && !data
        ? <Alert type="warning" showIcon title={t("board.people.failed")} description={problem(speech, error)}
          action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
        : (
          <Table size="small" rowKey="agent_id" dataSource={agents} loading={!data} locale={{ emptyText: t("board.people.none") }}
            pagination={{ pageSize: 12, hideOnSinglePage: true, showSizeChanger: false }} scroll={{ x: 520 }} columns={[
              { title: t("board.agent"), key: "name", ellipsis: true, render: (_, agent) => <LongText text={agent.name || agent.agent_id} /> },
              { title: t("board.state"), key: "state", width: 200, render: (_, agent) => <Tag color={COLOURS[agent.tone]}>{agent.text}</Tag> },
              { title: t("board.state.for"), key: "since", width: 110, render: (_, agent) => <Clock since={parsed(agent.since)} /> },
              { title: t("board.queues"), key: "queues", ellipsis: true, render: (_, agent) => <LongText text={agent.queues.join(", ")} /> },
            ]} />
        )}
    </Card>
  );
}
