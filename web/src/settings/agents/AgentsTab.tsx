import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Input, Table, Tag, type TableProps } from "antd";
import { useMemo, useState } from "react";

import { useSpeech } from "../../i18n";
import { useLeave } from "../../session/useLeave";
import { LongText } from "../../shared/LongText";
import { matching } from "../model/bulk";
import { CHANNELS, newAgent, type AgentDocument } from "../model/documents";
import type { Settings } from "../useSettings";
import { AgentDrawer } from "./AgentDrawer";
import { BulkBar } from "./BulkBar";

const NEW = newAgent("");

/** All agents: searched, changed one by one or many at once. */
export function AgentsTab({ settings, writes }: { settings: Settings; writes: boolean }) {
  const { t } = useSpeech();
  const leave = useLeave();
  const [text, setText] = useState("");
  const [selected, setSelected] = useState<string[]>([]);
  const [opened, setOpened] = useState<string | null>(null); // "": a new one
  const found = useMemo(() => matching(settings.agents, text, settings.titleOf), [settings, text]);
  const columns = useColumns(settings, setOpened);
  const agent = opened === "" ? NEW : settings.agents.find(({ agent_id }) => agent_id === opened);
  return (
    <Card size="small" className="agents" title={
      <Input allowClear size="small" className="agent-search" value={text} placeholder={t("settings.search.agent")}
        aria-label={t("settings.search.agent")} onChange={(event) => setText(event.target.value)} />
    } extra={writes && <Button size="small" type="primary" icon={<PlusOutlined />} onClick={() => setOpened("")}>{t("agent.new")}</Button>}>
      {writes && selected.length > 0 && (
        <BulkBar settings={settings} agents={settings.agents.filter(({ agent_id }) => selected.includes(agent_id))}
          found={found.length} onAll={() => setSelected(found.map(({ agent_id }) => agent_id))} onNone={() => setSelected([])} />
      )}
      <Table<AgentDocument> size="small" rowKey="agent_id" dataSource={found} columns={columns} scroll={{ x: 820 }}
        locale={{ emptyText: t(settings.agents.length === 0 ? "settings.agents.none" : "settings.found.none") }}
        pagination={{ defaultPageSize: 20, pageSizeOptions: [20, 50, 100], hideOnSinglePage: false, showSizeChanger: true, showTotal: (count) => t("settings.agents.count", { count }) }}
        {...(writes ? { rowSelection: {
          selectedRowKeys: selected, preserveSelectedRowKeys: true, onChange: (keys) => setSelected(keys as string[]),
          getCheckboxProps: (one) => ({ "aria-label": t("agent.select", { agent: one.name || one.agent_id }) }),
        } } : {})} />
      {agent && (
        <AgentDrawer key={agent.agent_id} agent={agent} isNew={opened === ""} settings={settings} writes={writes}
          onClose={() => leave(() => setOpened(null))} onSaved={() => setOpened(null)} />
      )}
    </Card>
  );
}

function useColumns(settings: Settings, onOpen: (agentId: string) => void): NonNullable<TableProps<AgentDocument>["columns"]> {
  const { t } = useSpeech();
  return [
    {
      title: t("agent.name"), key: "name", width: 190, ellipsis: true,
      render: (_, agent) => (
        <Button type="link" size="small" className="in-hand" onClick={() => onOpen(agent.agent_id)}>
          <LongText text={agent.name || agent.agent_id} />
        </Button>
      ),
    },
    { title: t("agent.extension"), dataIndex: "extension", width: 100 },
    {
      title: t("agent.queues"), key: "queues", ellipsis: true,
      render: (_, agent) => <LongText text={agent.queues.map(settings.titleOf).join(", ") || t("app.none")} />,
    },
    {
      title: t("agent.skills"), key: "skills", ellipsis: true,
      render: (_, agent) => <LongText text={Object.entries(agent.skills).map(([name, level]) => `${name} ${level}`).join(" · ") || t("app.none")} />,
    },
    {
      title: t("agent.capacity"), key: "capacity", width: 170,
      render: (_, agent) => CHANNELS.filter((channel) => agent.capacity[channel]).map((channel) => (
        <Tag key={channel}>{t(`channel.${channel}`)} {agent.capacity[channel]?.most}</Tag>
      )),
    },
    { title: t("agent.work_mode"), key: "mode", width: 120, render: (_, agent) => t(`agent.work_mode.${agent.work_mode}`) },
  ];
}
