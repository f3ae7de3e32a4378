import { Badge, Card, Spin, Statistic } from "antd";
import { useEffect, useState, useSyncExternalStore } from "react";

import { useDesk } from "../desk/DeskProvider";
import { useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { Nothing } from "../shared/Nothing";
import { moment, parsed } from "../shared/time";
import { AGENT_STATES, type ListedAgent, type Wallboard } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { serverNow, useOfNow } from "../shared/useNow";
import { Callbacks } from "./Callbacks";
import { ExplainDrawer, type Looked } from "./ExplainDrawer";
import { People } from "./People";
import { Queues } from "./Queues";

const STALE_MS = 5_000; // figures come once a second
const PEOPLE_MS = 5_000;

/** The team lead's view of all queues and agents, live. */
export function Board() {
  const { t } = useSpeech();
  const { session } = useSession();
  const { board, command, link } = useDesk();
  // The figures come every second; all but they stays as it is then.
  const acd = useSyncExternalStore(board.subscribe, () => acdOf(board.get()));
  const [looked, setLooked] = useState<Looked | null>(null);
  const people = useLoad(link.status === "open" && session.may("agents.read") ? "agents" : null, (signal) =>
    session.ask<{ agents: ListedAgent[] }>("/agents?settings=false", { signal }), PEOPLE_MS);
  const nameOf = (agentId: string) => people.data?.agents.find((one) => one.agent_id === agentId)?.name || agentId;

  // A new connection knows nothing of what the old one watched.
  useEffect(() => {
    if (link.status !== "open") return undefined;
    command("wallboard", { subscribe: true }).catch(() => undefined);
    return () => void command("wallboard", { subscribe: false }).catch(() => undefined);
  }, [command, link.status]);

  if (acd === "unknown") {
    return <main className="board"><div className="waiting" role="status"><Spin /><span>{t("board.loading")}</span></div></main>;
  }
  return (
    <main className="board">
      <Live onWaiting={(queue) => setLooked({ queue, contact: null })} />
      {session.may("contacts.read") && acd === "there" && <Callbacks />}
      {session.may("agents.read") && <People list={people} onExplain={(contact) => setLooked({ queue: null, contact })} />}
      <ExplainDrawer looked={looked} onLook={setLooked} people={people.data?.agents ?? []} nameOf={nameOf} />
    </main>
  );
}

function acdOf(figures: Wallboard | null): "unknown" | "away" | "there" {
  if (figures === null) return "unknown";
  return figures.missing.includes("acd") ? "away" : "there";
}

/** What changes every second. */
function Live({ onWaiting }: { onWaiting: (queue: string) => void }) {
  const { t } = useSpeech();
  const { board } = useDesk();
  const figures = useSyncExternalStore(board.subscribe, board.get);
  if (figures === null) return null;
  return (
    <>
      <Freshness figures={figures} />
      {acdOf(figures) === "away"
        ? <Card size="small"><Nothing text={t("board.away")} /></Card>
        : <Figures figures={figures} onWaiting={onWaiting} />}
    </>
  );
}

function Figures({ figures, onWaiting }: { figures: Wallboard; onWaiting: (queue: string) => void }) {
  const { t } = useSpeech();
  return (
    <>
      <Card size="small" title={t("board.agents")}>
        <div className="figures board-agents">
          <Statistic title={t("board.open")} value={figures.contacts_open} />
          {AGENT_STATES.map((state) => (
            <Statistic key={state} className={state === "not_responding" && figures.agents[state] > 0 ? "attention" : ""} title={t(`state.${state}`)} value={figures.agents[state]} />
          ))}
        </div>
      </Card>
      <Card size="small" title={t("board.queues")}>
        {figures.queues.length === 0 ? <Nothing text={t("board.none")} /> : <Queues queues={figures.queues} onWaiting={onWaiting} />}
      </Card>
    </>
  );
}

function Freshness({ figures }: { figures: Wallboard }) {
  const { t, language } = useSpeech();
  const at = parsed(figures.at);
  const stale = useOfNow((now) => at !== null && now - at > STALE_MS);
  const away = figures.missing.includes("acd");
  return (
    <h1 className="board-title">
      {t("board.title")}{" "}
      <Badge status={stale || away ? "warning" : "success"}
        text={away ? t("missing.acd") : stale && figures.at ? t("board.stale", { time: moment(figures.at, language, serverNow()) }) : t("board.live")} />
    </h1>
  );
}
