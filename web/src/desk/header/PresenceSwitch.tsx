import { CheckCircleFilled, CheckOutlined, CoffeeOutlined, DownOutlined, EditOutlined } from "@ant-design/icons";
import { Button, Dropdown, Input, Modal, Tag, type MenuProps } from "antd";
import { useState } from "react";

import { useSpeech, type Translate } from "../../i18n";
import { Clock } from "../../shared/Clock";
import { parsed } from "../../shared/time";
import type { Agent } from "../../shared/types";
import { useDesk } from "../DeskProvider";
import { REASONS, present, presenceText } from "../presence";
import { usePresence } from "../usePresence";

const CUSTOM = "custom";
const MODES = ["continuous", "intermittent"] as const;

/** What I am, since when, and the way to change it. */
export function PresenceSwitch() {
  const { t } = useSpeech();
  const { desk, link } = useDesk();
  const { set, setMode, busy } = usePresence();
  const [asking, setAsking] = useState(false);
  const { agent } = desk;
  const now = agent && present(t, agent);
  const text = now?.text ?? t(desk.missing.includes("acd") ? "app.none" : "presence.offline");
  const afterwards = agent && agent.routing_status !== "idle" ? next(t, agent) : null;

  const items: MenuProps["items"] = [
    { key: "ready", label: t("presence.ready"), icon: <CheckCircleFilled className="tone-ready" /> },
    {
      type: "group", key: "other", label: t("presence.other_work"),
      children: [
        ...REASONS.map((key) => ({ key, label: t(`presence.${key}`), icon: <CoffeeOutlined className="tone-away" /> })),
        { key: CUSTOM, label: t("presence.custom"), icon: <EditOutlined /> },
      ],
    },
    ...(agent ? [{
      type: "group" as const, key: "modes", label: t("workmode"),
      children: MODES.map((mode) => ({
        key: mode, label: t(`workmode.${mode}`), icon: <CheckOutlined className={agent.work_mode === mode ? "" : "unchosen"} />,
      })),
    }] : []),
  ];
  const pick = (key: string) => {
    if (key === "continuous" || key === "intermittent") void setMode(key);
    else if (key === CUSTOM) setAsking(true);
    else void set(key === "ready" ? { presence: "ready", reason: "" } : { presence: "other_work", reason: key });
  };

  return (
    <div className="presence">
      <Dropdown trigger={["click"]} disabled={link.status !== "open"} menu={{ items, onClick: ({ key }) => pick(key) }}>
        <Button loading={busy} className={`presence-button tone-${now?.tone ?? "off"}`}
          aria-label={`${t("presence.label")}: ${text}`}>
          <span className="dot" aria-hidden />
          <span className="presence-text">{text}</span>
          {agent && <Clock since={parsed(agent.since)} label={t("presence.since")} />}
          <DownOutlined aria-hidden />
        </Button>
      </Dropdown>
      {afterwards !== null && <Tag className="afterwards">{t("presence.afterwards", { presence: afterwards })}</Tag>}
      <CustomReason open={asking} onClose={() => setAsking(false)} onSet={(reason) => {
        setAsking(false);
        void set({ presence: "other_work", reason });
      }} />
    </div>
  );
}

/** What an agent will be after the contact in hand; null: ready, as ever. */
function next(t: Translate, agent: Agent): string | null {
  if (agent.presence === "other_work") return presenceText(t, agent.presence, agent.reason);
  return agent.presence === "ready" && agent.work_mode === "intermittent" ? t("presence.other_work") : null;
}

function CustomReason({ open, onClose, onSet }: { open: boolean; onClose: () => void; onSet: (reason: string) => void }) {
  const { t } = useSpeech();
  const [text, setText] = useState("");
  const reason = text.trim();
  return (
    <Modal open={open} title={t("presence.custom.title")} okText={t("presence.custom.set")} cancelText={t("app.cancel")}
      okButtonProps={{ disabled: reason === "" }} onCancel={onClose} onOk={() => onSet(reason)} destroyOnHidden width={380}>
      <Input value={text} onChange={(event) => setText(event.target.value)} maxLength={64} autoFocus
        aria-label={t("presence.custom.title")} onPressEnter={() => reason && onSet(reason)} />
    </Modal>
  );
}

