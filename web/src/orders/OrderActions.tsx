import { Alert, App, Button, Form, Input, Radio } from "antd";
import { useState } from "react";

import { problem, useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { ApiError } from "../shared/api";
import { newId } from "../shared/ids";
import type { WorkOrder } from "../shared/types";
import { NEEDS_DEPARTMENT, NEEDS_NOTE } from "./words";

interface Fields {
  note: string;
  department: string;
  assignee: string;
  satisfied?: boolean;
}

/** Buttons for what the service allows, and the fields that the chosen one needs. */
export function OrderActions({ order, onActed, onStale }: {
  order: WorkOrder;
  onActed: (order: WorkOrder) => void;
  onStale: () => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { message } = App.useApp();
  const [action, setAction] = useState<string | null>(null);
  const [requestId, setRequestId] = useState(newId);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);

  const pick = (wanted: string) => {
    setAction(wanted);
    setRequestId(newId());
    setError(null);
  };

  const act = async (fields: Fields) => {
    setBusy(true);
    setError(null);
    const body = { ...fields, action, revision: order.revision, request_id: requestId };
    try {
      const changed = await session.ask<WorkOrder>(`/work-orders/${order.work_order_id}/actions`, { method: "POST", body });
      void message.success(t("order.acted", { number: changed.number, action: word(t, "order.action", action ?? "") }));
      onActed(changed);
    } catch (refused) {
      if (refused instanceof ApiError && refused.code === "stale") {
        void message.warning(t("order.stale"));
        onStale();
      }
      setError(refused);
      setBusy(false);
    }
  };

  return (
    <section className="order-actions">
      <h3>{t("order.act")}</h3>
      <div className="line-tags">
        {order.allowed_actions.map((one) => (
          <Button key={one} size="small" type={one === action ? "primary" : "default"} danger={one === "void"}
            aria-pressed={one === action} onClick={() => pick(one)}>{word(t, "order.action", one)}</Button>
        ))}
      </div>
      {action !== null && (
        <Form<Fields> name="action" key={action} layout="vertical" size="small" disabled={busy} requiredMark={false}
          initialValues={{ note: "", department: "", assignee: "" }} onFinish={(fields) => void act(fields)}>
          {NEEDS_DEPARTMENT.has(action) && (
            <div className="two-fields">
              <Form.Item name="department" label={t("order.department")}
                rules={[{ required: true, whitespace: true, message: t("order.needs.department") }]}>
                <Input maxLength={64} autoFocus />
              </Form.Item>
              <Form.Item name="assignee" label={`${t("order.assignee")} (${t("app.optional")})`}><Input maxLength={64} /></Form.Item>
            </div>
          )}
          {action === "return_visit" && (
            <Form.Item name="satisfied" label={t("order.satisfied")} rules={[{ required: true, message: t("order.satisfied") }]}>
              <Radio.Group options={[
                { value: true, label: t("order.satisfied.yes") }, { value: false, label: t("order.satisfied.no") },
              ]} />
            </Form.Item>
          )}
          <Form.Item name="note" label={NEEDS_NOTE.has(action) ? t("order.note") : `${t("order.note")} (${t("app.optional")})`}
            rules={NEEDS_NOTE.has(action) ? [{ required: true, whitespace: true, message: t("order.needs.note") }] : []}>
            <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={10_000} />
          </Form.Item>
          {error !== null && <Alert type="error" showIcon title={problem(speech, error)} className="form-error" />}
          <div className="form-end">
            <Button onClick={() => setAction(null)}>{t("app.cancel")}</Button>
            <Button type="primary" htmlType="submit" loading={busy}>{word(t, "order.action", action)}</Button>
          </div>
        </Form>
      )}
    </section>
  );
}
