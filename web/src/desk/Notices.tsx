import { Alert, Button } from "antd";
import { useState } from "react";

import { problem, useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { useDesk } from "./DeskProvider";
import { numberOf } from "../customer/Level";
import { dropDraft, isWorthKeeping, orderOf, readDraft } from "./wrapup/draft";

/** What became of the last call, until it has been read or the next one rings. */
export function Notices({ onOrder }: { onOrder: (workOrderId: string) => void }) {
  const { t } = useSpeech();
  const { desk, dispatch } = useDesk();
  const { notice } = desk;
  const read = () => dispatch({ type: "notice_read" });
  if (notice === null) return null;
  if (notice.kind === "offer_failed") {
    return <Alert type={notice.failure === "rejected" ? "info" : "warning"} showIcon closable={{ onClose: read }}
      title={word(t, "failure", notice.failure)} description={notice.number && numberOf(t, notice.number)} />;
  }
  if (notice.kind === "timed_out") return <TimedOut contactId={notice.contact_id} onRead={read} onOrder={onOrder} />;
  const { work_order: order, pending, asked } = notice;
  if (order) {
    return <Alert type="success" showIcon closable={{ onClose: read }} title={t("wrapup.done.order", { number: order.number })}
      action={<Button size="small" onClick={() => onOrder(order.work_order_id)}>{t("app.open")}</Button>} />;
  }
  if (!asked) return <Alert type="success" showIcon closable={{ onClose: read }} title={t("wrapup.done")} />;
  return <Alert type="warning" showIcon closable={{ onClose: read }} title={t(pending ? "wrapup.done.pending" : "wrapup.done.lost")} />;
}

/** The wrap-up ended by itself: what had been typed is not thrown away. */
function TimedOut({ contactId, onRead, onOrder }: {
  contactId: string;
  onRead: () => void;
  onOrder: (workOrderId: string) => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { desk } = useDesk();
  const [draft] = useState(() => readDraft(contactId));
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const customerId = desk.recent.find((one) => one.contact_id === contactId)?.customer_id ?? "";
  const discard = () => {
    dropDraft(contactId);
    onRead();
  };
  if (!isWorthKeeping(draft)) return null;

  const create = async () => {
    setBusy(true);
    setError(null);
    const body = { ...orderOf(draft, customerId), contact_id: contactId, request_id: draft.id };
    try {
      const made = await session.ask<{ work_order_id: string }>("/work-orders", { method: "POST", body });
      dropDraft(contactId);
      onRead();
      onOrder(made.work_order_id);
    } catch (refused) {
      setError(refused);
      setBusy(false);
    }
  };
  const typed = [draft.notes, draft.order ? draft.title : "", draft.order ? draft.description : ""];
  return (
    <Alert type="warning" showIcon title={t("wrapup.timedout")} description={
      <>
        {t("wrapup.timedout.help")}
        <p className="pre kept"><bdi>{typed.filter(Boolean).join("\n")}</bdi></p>
        {error !== null && <p role="alert">{problem(speech, error)}</p>}
        <span className="line-tags">
          {draft.order && draft.title.trim() && (
            <Button size="small" type="primary" loading={busy} onClick={() => void create()}>{t("wrapup.timedout.order")}</Button>
          )}
          <Button size="small" onClick={discard}>{t("wrapup.discard")}</Button>
        </span>
      </>
    } />
  );
}

