import { DeleteOutlined, PlusOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Skeleton, Tag, Tooltip } from "antd";
import { useState } from "react";

import { useQueues } from "../desk/useQueues";
import { problem, useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { Clock } from "../shared/Clock";
import { LongText } from "../shared/LongText";
import { Nothing } from "../shared/Nothing";
import { moment, parsed } from "../shared/time";
import type { Callback } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { useNow } from "../shared/useNow";
import { BookCallback } from "./BookCallback";

const EVERY_MS = 5_000;
const SHOWN = 100;
const CALLED = new Set(["dialling", "on_the_line", "connected"]); // cannot be cancelled at this moment

/** Who is to be called back, the next first; a team lead books and cancels here. */
export function Callbacks() {
  const { t } = useSpeech();
  const { session } = useSession();
  const [booking, setBooking] = useState(false);
  const path = `/callbacks?limit=${SHOWN}`;
  const { data, error, reload } = useLoad(path, (signal) =>
    session.ask<{ callbacks: Callback[]; open: number }>(path, { signal }), EVERY_MS);
  const mayWrite = session.may("callbacks.write");
  return (
    <Card size="small" title={t("callbacks.title")} extra={mayWrite && (
      <Button size="small" icon={<PlusOutlined />} onClick={() => setBooking(true)}>{t("callbacks.new")}</Button>
    )}>
      {data === null && error === null && <Skeleton active title={false} paragraph={{ rows: 2 }} />}
      {data === null && error !== null && <Failed error={error} onRetry={reload} />}
      {data?.callbacks.length === 0 && <Nothing text={t("callbacks.none")} />}
      {data !== null && data.callbacks.length > 0 && <Table callbacks={data.callbacks} mayWrite={mayWrite} onDone={reload} />}
      {data !== null && data.open > data.callbacks.length && (
        <p className="secondary">{t("callbacks.more", { shown: data.callbacks.length, open: data.open })}</p>
      )}
      <BookCallback open={booking} onClose={() => setBooking(false)} onBooked={reload} />
    </Card>
  );
}

function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const speech = useSpeech();
  return (
    <Alert type="error" showIcon title={speech.t("callbacks.failed")} description={problem(speech, error)}
      action={<Button size="small" onClick={onRetry}>{speech.t("app.retry")}</Button>} />
  );
}

const COLUMNS = ["state", "next", "attempts", "since", "by"] as const;

function Table({ callbacks, mayWrite, onDone }: { callbacks: Callback[]; mayWrite: boolean; onDone: () => void }) {
  const { t } = useSpeech();
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t("callbacks.title")}>
      <table className="board-table">
        <thead>
          <tr>
            <th scope="col">{t("callbacks.number")}</th>
            <th scope="col">{t("board.queue")}</th>
            {COLUMNS.map((key) => (
              <th scope="col" key={key} className={key === "attempts" ? "figure" : ""}>{t(`callbacks.${key}`)}</th>
            ))}
            {mayWrite && <th scope="col"><span className="visually-hidden">{t("callbacks.cancel")}</span></th>}
          </tr>
        </thead>
        <tbody>
          {callbacks.map((one) => <Row key={one.contact_id} callback={one} mayWrite={mayWrite} onDone={onDone} />)}
        </tbody>
      </table>
    </div>
  );
}

const COARSE_MS = 60_000; // only the day matters: a time of another day is written with its date

function Row({ callback, mayWrite, onDone }: { callback: Callback; mayWrite: boolean; onDone: () => void }) {
  const { t, language } = useSpeech();
  const { titleOf } = useQueues();
  const now = useNow(COARSE_MS);
  const { state, next_at: next, not_after: end } = callback;
  return (
    <tr>
      <th scope="row">
        <LongText text={callback.number} />
        {callback.note && <small className="below"><LongText text={callback.note} /></small>}
      </th>
      <td><LongText text={titleOf(callback.queue)} /></td>
      <td><Tag color={CALLED.has(state) ? "processing" : "default"}>{word(t, "callbacks.state", state)}</Tag></td>
      <td>
        {next ? moment(next, language, now) : t("callbacks.now")}
        {end && <small className="below">{t("callbacks.until", { time: moment(end, language, now) })}</small>}
      </td>
      <td className="figure">
        {t("callbacks.of", { made: callback.attempts_made, most: callback.attempts })}
        {callback.last_result && <small className="below">{word(t, "callbacks.result", callback.last_result)}</small>}
      </td>
      <td className="clock"><Clock since={parsed(callback.requested_at)} /></td>
      <td><LongText text={callback.requested_by || t("callbacks.caller")} /></td>
      {mayWrite && <td><Cancel callback={callback} onDone={onDone} /></td>}
    </tr>
  );
}

function Cancel({ callback, onDone }: { callback: Callback; onDone: () => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { modal, message } = App.useApp();
  const cancel = async () => {
    try {
      await session.ask(`/callbacks/${callback.contact_id}`, { method: "DELETE" });
      void message.success(t("callbacks.cancelled", { number: callback.number }));
    } catch (refused) {
      void message.error(problem(speech, refused), 6);
    }
    onDone();
  };
  const ask = () => modal.confirm({
    title: <bdi>{t("callbacks.cancel.title", { number: callback.number })}</bdi>,
    content: t("callbacks.cancel.help"),
    okText: t("callbacks.cancel.ok"), cancelText: t("callbacks.cancel.keep"), okButtonProps: { danger: true }, onOk: cancel,
  });
  const called = CALLED.has(callback.state);
  return (
    <Tooltip title={called ? t("callbacks.cancel.called") : ""}>
      <Button type="text" size="small" danger disabled={called} icon={<DeleteOutlined />} onClick={ask}
        aria-label={t("callbacks.cancel.of", { number: callback.number })} />
    </Tooltip>
  );
}
