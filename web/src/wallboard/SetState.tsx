import { CheckCircleFilled, CoffeeOutlined, DisconnectOutlined, MoreOutlined } from "@ant-design/icons";
import { App, Button, Dropdown, type MenuProps } from "antd";

import { REASONS, presenceText } from "../desk/presence";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { newId } from "../shared/ids";
import type { Agent, Presence } from "../shared/types";

/** A team lead's menu beside an agent: ready, other work and why, offline; asked again before it is done. */
export function SetState({ agent, onDone }: { agent: Agent; onDone: () => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { modal, message } = App.useApp();
  const name = agent.name || agent.agent_id;

  const set = async (presence: Presence, reason: string) => {
    const path = `/agents/${agent.agent_id}/presence`;
    try {
      await session.ask(path, { method: "PUT", body: { presence, reason, request_id: newId() } });
      void message.success(t("board.set.done", { agent: name, presence: presenceText(t, presence, reason) }));
      onDone();
    } catch (refused) {
      void message.error(problem(speech, refused), 6);
    }
  };
  const pick = (key: string) => {
    const reason = key === "ready" || key === "offline" ? "" : key;
    const presence: Presence = reason ? "other_work" : (key as Presence);
    const busy = agent.routing_status === "offered" || agent.routing_status === "connected";
    const empty = agent.presence === "offline" && presence === "ready";
    modal.confirm({
      title: <bdi className="pre">{t("board.set.title", { agent: name, presence: presenceText(t, presence, reason) })}</bdi>,
      content: <>{empty && <p>{t("board.set.empty")}</p>}{busy && <p>{t("board.set.busy")}</p>}<p>{t("board.set.help")}</p></>,
      okText: t("board.set.ok"), cancelText: t("app.cancel"), okButtonProps: { danger: presence === "offline" },
      onOk: () => set(presence, reason),
    });
  };

  const items: MenuProps["items"] = [
    { key: "ready", label: t("presence.ready"), icon: <CheckCircleFilled className="tone-ready" /> },
    {
      type: "group", key: "other", label: t("presence.other_work"),
      children: REASONS.map((key) => ({ key, label: t(`presence.${key}`), icon: <CoffeeOutlined className="tone-away" /> })),
    },
    { key: "offline", label: t("presence.offline"), icon: <DisconnectOutlined />, danger: true },
  ];
  return (
    <Dropdown trigger={["click"]} menu={{ items, onClick: ({ key }) => pick(key) }}>
      <Button type="text" size="small" icon={<MoreOutlined />} aria-label={t("board.set", { agent: name })} />
    </Dropdown>
  );
}
