import { CoffeeOutlined, DisconnectOutlined, PhoneOutlined, WarningOutlined } from "@ant-design/icons";
import { Button, Card, Statistic } from "antd";
import type { ReactNode } from "react";

import { useSpeech, type Key } from "../../i18n";
import { clock } from "../../shared/time";
import { useDesk } from "../DeskProvider";
import type { DeskState } from "../state";
import { usePresence } from "../usePresence";

type Mood = "ready" | "other" | "offline" | "missed" | "nodesk" | "away";

function moodOf({ agent, missing }: DeskState): Mood {
  if (missing.includes("acd")) return "away";
  if (agent === null) return "nodesk";
  if (agent.routing_status === "not_responding") return "missed";
  return ({ ready: "ready", other_work: "other", offline: "offline" } as const)[agent.presence];
}

const ICONS: Record<Mood, ReactNode> = {
  ready: <PhoneOutlined />, other: <CoffeeOutlined />, offline: <DisconnectOutlined />, missed: <WarningOutlined />,
  nodesk: <DisconnectOutlined />, away: <DisconnectOutlined />,
};
const HELP: Record<Mood, Key> = {
  ready: "idle.ready.help", other: "idle.other.help", offline: "idle.other.help", missed: "idle.missed.help",
  nodesk: "idle.nodesk.help", away: "idle.away.help",
};

/** Between calls: what I am now, and how to change it. */
export function Idle() {
  const { t } = useSpeech();
  const { desk, link } = useDesk();
  const { set, busy } = usePresence();
  const mood = moodOf(desk);
  return (
    <Card className={`idle idle-${mood}`} size="small" role="region" aria-label={t(`idle.${mood}`)}>
      <span className="idle-icon" aria-hidden>{ICONS[mood]}</span>
      <div role="status"><h2>{t(`idle.${mood}`)}</h2></div>
      <p className="secondary">{t(HELP[mood])}</p>
      {mood !== "ready" && mood !== "away" && (
        <Button type="primary" size="large" loading={busy} disabled={link.status !== "open"}
          onClick={() => void set({ presence: "ready", reason: "" })}>{t("idle.getready")}</Button>
      )}
    </Card>
  );
}

/** Calls handled since this person signed in here today, from what the gateway told this page. */
export function MyDay() {
  const { t } = useSpeech();
  const { figures } = useDesk().desk;
  const mean = (total: number, count: number) => (count > 0 ? clock(total / count) : t("app.none"));
  return (
    <Card size="small" title={t("idle.figures")}>
      <div className="figures">
        <Statistic title={t("idle.answered")} value={figures.answered} />
        <Statistic title={t("idle.missedcalls")} value={figures.missed} />
        <Statistic title={t("idle.talk")} value={mean(figures.talk_ms, figures.answered)} />
        <Statistic title={t("idle.wrapup")} value={mean(figures.wrap_up_ms, figures.wrapped_up)} />
      </div>
    </Card>
  );
}
