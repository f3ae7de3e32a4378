import { Alert, Button, Card, Skeleton } from "antd";

import { problem, useSpeech } from "../../i18n";
import { useSession } from "../../session/Gate";
import { LongText } from "../../shared/LongText";
import { Nothing } from "../../shared/Nothing";
import { clock } from "../../shared/time";
import type { Queue, QueueFigures, Wallboard } from "../../shared/types";
import { useLoad } from "../../shared/useLoad";
import { useDesk } from "../DeskProvider";
import { ServiceLevel } from "../ServiceLevel";

const EVERY_MS = 10_000;

/** How the agent's own queues stand. */
export function QueueStatus() {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { desk, link } = useDesk();
  const there = link.status === "open" && !desk.missing.includes("acd");
  const path = session.may("statistics.read") ? "/statistics" : session.may("queues.read") ? "/queues" : null;
  const { data, error, reload } = useLoad(there ? path : null, (signal) =>
    session.ask<Pick<Wallboard, "queues"> | { queues: Queue[] }>(path ?? "", { signal }), EVERY_MS);
  if (path === null) return null;
  const mine = desk.agent?.queues ?? [];
  const queues = (data?.queues ?? []).map(asFigures).filter(({ queue }) => mine.includes(queue));
  return (
    <Card size="small" title={t("idle.queues")}>
      {error !== null && !data
        ? <Alert type="warning" showIcon title={t("idle.queues.failed")} description={problem(speech, error)}
          action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
        : !data && desk.missing.includes("acd") ? <Nothing text={t("idle.queues.failed")} />
        : !data ? <Skeleton active title={false} />
        : queues.length === 0 ? <Nothing text={t("idle.queues.none")} />
        : <Table queues={queues} />}
    </Card>
  );
}

function asFigures(queue: QueueFigures | Queue): Partial<QueueFigures> & { queue: string; title: string } {
  return "queue" in queue ? queue : { queue: queue.name, title: queue.title };
}

function Table({ queues }: { queues: (Partial<QueueFigures> & { queue: string; title: string })[] }) {
  const { t } = useSpeech();
  const none = t("app.none");
  return (
    <table className="small-table">
      <thead>
        <tr>
          <th scope="col">{t("board.queue")}</th>
          <th scope="col" className="figure">{t("board.waiting")}</th>
          <th scope="col" className="figure">{t("board.longest")}</th>
          <th scope="col" className="figure">{t("board.level")}</th>
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.queue}>
            <td><LongText text={queue.title || queue.queue} /></td>
            <td className={`figure ${queue.waiting ? "strong" : ""}`}>{queue.waiting ?? none}</td>
            <td className="figure">{queue.longest_wait_ms ? clock(queue.longest_wait_ms) : none}</td>
            <td className="figure"><ServiceLevel level={queue.service_level ?? null} /></td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
