import { Alert, Button, Card, Input, Table, Tag, type TableProps } from "antd";
import { useState } from "react";

import { numberOf } from "../customer/Level";
import { present } from "../desk/presence";
import { useQueues } from "../desk/useQueues";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { Clock } from "../shared/Clock";
import { LongText } from "../shared/LongText";
import { parsed } from "../shared/time";
import type { Contact, ListedAgent } from "../shared/types";
import type { Loaded } from "../shared/useLoad";
import { SetState } from "./SetState";

const COLOURS = { ready: "green", busy: "blue", away: "orange", off: "default", alarm: "red" } as const;
const ORDER = { alarm: 0, busy: 1, ready: 2, away: 3, off: 4 } as const;

type Row = ListedAgent & ReturnType<typeof present>;

/** Who does what, and for how long; those who need attention first. */
export function People({ list, onExplain }: {
  list: Loaded<{ agents: ListedAgent[] }>;
  onExplain: (contact: Contact) => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const [text, setText] = useState("");
  const { data, error, reload } = list;
  const columns = useColumns(reload, onExplain);
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
          <Table<Row> size="small" rowKey="agent_id" dataSource={agents} loading={!data} columns={columns}
            locale={{ emptyText: t("board.people.none") }} scroll={{ x: 760 }}
            pagination={{ pageSize: 12, hideOnSinglePage: true, showSizeChanger: false }} />
        )}
    </Card>
  );
}

function useColumns(reload: () => void, onExplain: (contact: Contact) => void): NonNullable<TableProps<Row>["columns"]> {
  const { t } = useSpeech();
  const { session } = useSession();
  const { titleOf } = useQueues();
  const explains = session.may("contacts.read");
  return [
    { title: t("board.agent"), key: "name", ellipsis: true, render: (_, agent) => <LongText text={agent.name || agent.agent_id} /> },
    {
      title: t("board.state"), key: "state", width: 170,
      render: (_, agent) => <Tag color={COLOURS[agent.tone]} className="state-tag"><LongText text={agent.text} /></Tag>,
    },
    { title: t("board.state.for"), key: "since", width: 100, render: (_, agent) => <Clock since={parsed(agent.since)} /> },
    {
      title: t("board.contact"), key: "contact", width: 190,
      render: (_, agent) => agent.contacts.map((contact) => (
        <InHand key={contact.contact_id} contact={contact} agent={agent.name || agent.agent_id} {...(explains ? { onExplain } : {})} />
      )),
    },
    {
      title: t("board.queues"), key: "queues", ellipsis: true,
      render: (_, agent) => <LongText text={agent.queues.map(titleOf).join(", ")} />,
    },
    ...(session.may("agents.supervise") ? [{
      key: "set", width: 48, render: (_: unknown, agent: Row) => <SetState agent={agent} onDone={reload} />,
    }] : []),
  ];
}

function InHand({ contact, agent, onExplain }: { contact: Contact; agent: string; onExplain?: (contact: Contact) => void }) {
  const { t } = useSpeech();
  const number = numberOf(t, contact.from_number);
  if (!onExplain) return <LongText text={number} />;
  return (
    <Button type="link" size="small" className="in-hand" onClick={() => onExplain(contact)}
      aria-label={t("board.explain.open", { agent, number })}><LongText text={number} /></Button>
  );
}
