import { Alert, Badge, Card, Spin, Statistic } from "antd";
import { useEffect, useSyncExternalStore } from "react";

import { useDesk } from "../desk/DeskProvider";
import { ServiceLevel } from "../desk/ServiceLevel";
import { useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { LongText } from "../shared/LongText";
import { Nothing } from "../shared/Nothing";
import { clock, moment, parsed } from "../shared/time";
import { AGENT_STATES, type QueueFigures, type Wallboard } from "../shared/types";
import { useNow } from "../shared/useNow";
import { People } from "./People";

const STALE_MS = 5_000; // figures come once a second

/** The team lead's view of all queues and agents, live. */
export function Board() {
  const { t } = useSpeech();
  const { session } = useSession();
  const { board, command, link } = useDesk();
  const figures = useSyncExternalStore(board.subscribe, board.get);

  // A new connection knows nothing of what the old one watched.
  useEffect(() => {
    if (link.status !== "open") return undefined;
    command("wallboard", { subscribe: true }).catch(() => undefined);
    return () => void command("wallboard", { subscribe: false }).catch(() => undefined);
  }, [command, link.status]);

  if (figures === null) {
    return <main className="board"><div className="waiting" role="status"><Spin /><span>{t("board.loading")}</span></div></main>;
  }
  return (
    <main className="board">
      <Freshness figures={figures} />
      {figures.missing.map((service) => (
        <Alert key={service} type="warning" showIcon title={word(t, "missing", service)} />
      ))}
      <Card size="small" title={t("board.agents")}>
        <div className="figures board-agents">
          <Statistic title={t("board.open")} value={figures.contacts_open} />
          {AGENT_STATES.map((state) => (
            <Statistic key={state} className={state === "not_responding" && figures.agents[state] > 0 ? "attention" : ""} title={t(`state.${state}`)} value={figures.agents[state]} />
          ))}
        </div>
      </Card>
      <Card size="small" title={t("board.queues")}>
        {figures.queues.length === 0 ? <Nothing text={t("board.none")} /> : <Queues queues={figures.queues} />}
      </Card>
      {session.may("agents.read") && <People />}
    </main>
  );
}

function Freshness({ figures }: { figures: Wallboard }) {
  const { t, language } = useSpeech();
  const now = useNow();
  const at = parsed(figures.at);
  const stale = at !== null && now - at > STALE_MS;
  return (
    <h1 className="board-title">
      {t("board.title")}{" "}
      <Badge status={stale ? "warning" : "success"}
        text={stale && figures.at ? t("board.stale", { time: moment(figures.at, language, now) }) : t("board.live")} />
    </h1>
  );
}

function Queues({ queues }: { queues: QueueFigures[] }) {
  const { t } = useSpeech();
  const none = t("app.none");
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t("board.queues")}>
      <table className="board-table">
        <thead>
          <tr>
            <th scope="col">{t("board.queue")}</th>
            {(["waiting", "longest", "level", "answered", "abandoned", "asa", "staffed"] as const).map((key) => (
              <th scope="col" key={key} className="figure">{t(`board.${key}`)}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.queue}>
              <th scope="row"><LongText text={queue.title || queue.queue} /></th>
              <td className={`figure large ${queue.waiting > 0 ? "strong" : ""}`}>{queue.waiting}</td>
              <td className="figure large clock">{queue.longest_wait_ms > 0 ? clock(queue.longest_wait_ms) : none}</td>
              <td className="figure large"><ServiceLevel level={queue.service_level} /></td>
              <td className="figure">{queue.answered}</td>
              <td className="figure">{queue.abandoned}</td>
              <td className="figure clock">{queue.answered > 0 ? clock(queue.total_wait_answered_ms / queue.answered) : none}</td>
              <td className="figure">{queue.agents_staffed}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
