import { Button, Tooltip } from "antd";

import { ServiceLevel } from "../desk/ServiceLevel";
import { useSpeech, type Translate } from "../i18n";
import { useSession } from "../session/Gate";
import { LongText } from "../shared/LongText";
import { clock } from "../shared/time";
import type { QueueFigures } from "../shared/types";

const COLUMNS = ["waiting", "longest", "expected", "level", "answered", "abandoned", "asa", "staffed"] as const;

/** How each queue stands. What says more about a figure stands small below it. */
export function Queues({ queues, onWaiting }: { queues: QueueFigures[]; onWaiting: (queue: string) => void }) {
  const { t } = useSpeech();
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t("board.queues")}>
      <table className="board-table">
        <thead>
          <tr>
            <th scope="col">{t("board.queue")}</th>
            {COLUMNS.map((key) => <th scope="col" key={key} className="figure">{t(`board.${key}`)}</th>)}
          </tr>
        </thead>
        <tbody>{queues.map((queue) => <Row key={queue.queue} queue={queue} onWaiting={onWaiting} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ queue, onWaiting }: { queue: QueueFigures; onWaiting: (queue: string) => void }) {
  const { t } = useSpeech();
  const none = t("app.none");
  return (
    <tr>
      <th scope="row"><LongText text={queue.title || queue.queue} /></th>
      <td className={`figure large ${queue.waiting > 0 ? "strong" : ""}`}><Waiting queue={queue} onOpen={onWaiting} /></td>
      <td className="figure large clock">{queue.longest_wait_ms > 0 ? clock(queue.longest_wait_ms) : none}</td>
      <td className="figure large clock"><Expected queue={queue} /></td>
      <td className="figure large"><ServiceLevel level={queue.service_level} /></td>
      <td className="figure">
        {queue.answered}
        {(queue.called_back ?? 0) > 0 && (
          <Below text={t("board.called_back", { count: queue.called_back ?? 0 })} help={t("board.called_back.help", { open: queue.callbacks_open ?? 0, unreached: queue.unreached ?? 0 })} />
        )}
      </td>
      <td className="figure">
        {queue.abandoned}
        {queue.overflowed > 0 && <Below text={t("board.overflowed", { count: queue.overflowed })} help={t("board.overflowed.help")} />}
      </td>
      <td className="figure clock">{queue.answered > 0 ? clock(queue.total_wait_answered_ms / queue.answered) : none}</td>
      <td className="figure">
        {queue.agents_staffed}
        {queue.agents_effective < queue.agents_staffed && (
          <Below text={t("board.effective", { count: queue.agents_effective.toFixed(1) })} help={t("board.effective.help")} />
        )}
      </td>
    </tr>
  );
}

function Waiting({ queue, onOpen }: { queue: QueueFigures; onOpen: (queue: string) => void }) {
  const { t } = useSpeech();
  const { session } = useSession();
  if (queue.waiting === 0 || !session.may("contacts.read")) return <>{queue.waiting}</>;
  const label = t("board.waiting.open", { count: queue.waiting, queue: queue.title || queue.queue });
  return <Button type="link" className="waiting-count" aria-label={label} onClick={() => onOpen(queue.queue)}>{queue.waiting}</Button>;
}

function Expected({ queue }: { queue: QueueFigures }) {
  const { t } = useSpeech();
  const { expected_wait_ms: expected, expected_wait_error: error } = queue;
  return (
    <Tooltip title={expectedHelp(t, queue)}>
      <span className="helped" tabIndex={0}>
        {expected === null ? t("app.none") : clock(expected)}
        {expected !== null && error && <small className="below">{t("board.expected.error", { error: clock(error.mean_absolute_ms) })}</small>}
      </span>
    </Tooltip>
  );
}

function expectedHelp(t: Translate, { expected_wait_ms: expected, expected_wait_error: error }: QueueFigures): string {
  if (expected === null) return t("board.expected.nobody");
  if (error === null) return t("board.expected.untold");
  return t("board.expected.help", {
    contacts: error.contacts, error: clock(error.mean_absolute_ms), mean: clock(Math.abs(error.mean_ms)),
    direction: t(error.mean_ms >= 0 ? "board.expected.long" : "board.expected.short"),
  });
}

function Below({ text, help }: { text: string; help: string }) {
  return <Tooltip title={help}><small className="below helped" tabIndex={0}>{text}</small></Tooltip>;
}
