import { Alert, App, Form, Input, InputNumber, Modal, Radio, Select } from "antd";
import { useEffect, useRef, useState } from "react";

import { useQueues } from "../desk/useQueues";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { ApiError } from "../shared/api";
import { newId } from "../shared/ids";
import type { Callback } from "../shared/types";

interface Fields {
  number: string;
  queue: string;
  mode: "" | "agent_first" | "customer_first";
  from: string;
  to: string;
  attempts: number | null;
  note: string;
}

const EMPTY: Omit<Fields, "queue"> = { number: "", mode: "", from: "", to: "", attempts: null, note: "" };
const FIELDS: Record<string, keyof Fields> = { not_before: "from", not_after: "to" };

/** A form for an appointment: whom, by which queue, and when. */
export function BookCallback({ open, onClose, onBooked }: { open: boolean; onClose: () => void; onBooked: () => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { queues } = useQueues();
  const { message } = App.useApp();
  const [form] = Form.useForm<Fields>();
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const requestId = useRef(""); // the same while one form is tried again: nobody is booked twice

  useEffect(() => {
    if (!open) return;
    requestId.current = newId();
    setError(null);
    form.setFieldsValue({ ...EMPTY, queue: queues[0]?.name ?? "" });
  }, [open, form]); // not on `queues`: those that load later must not empty a form being filled in

  const book = async (fields: Fields) => {
    setSaving(true);
    setError(null);
    try {
      const booked = await session.ask<Callback>("/callbacks", { method: "POST", body: asked(fields, requestId.current) });
      void message.success(t("callbacks.booked", { number: booked.number }));
      onBooked();
      onClose();
    } catch (refused) {
      const field = refused instanceof ApiError && refused.field ? FIELDS[refused.field] ?? refused.field : "";
      if (field in EMPTY) form.setFields([{ name: field as keyof Fields, errors: [problem(speech, refused)] }]);
      else setError(refused);
    }
    setSaving(false);
  };

  return (
    <Modal open={open} title={t("callbacks.new")} onCancel={onClose} onOk={() => form.submit()} confirmLoading={saving}
      okText={t("callbacks.book")} cancelText={t("app.cancel")} destroyOnHidden>
      <Form<Fields> form={form} name="callback" layout="vertical" requiredMark={false} disabled={saving}
        onFinish={(fields) => void book(fields)}>
        {error !== null && <Alert type="error" showIcon title={problem(speech, error)} />}
        <Form.Item name="number" label={t("callbacks.number")} rules={[{ required: true, whitespace: true, message: t("callbacks.number.missing") }]}>
          <Input maxLength={64} inputMode="tel" autoFocus placeholder="+86…" />
        </Form.Item>
        <Form.Item name="queue" label={t("board.queue")} rules={[{ required: true, message: t("callbacks.queue.missing") }]}>
          <Select options={queues.map((one) => ({ value: one.name, label: one.title || one.name }))} />
        </Form.Item>
        <div className="two-fields">
          <Form.Item name="from" label={t("callbacks.from")} extra={t("callbacks.from.help")}><Input type="datetime-local" /></Form.Item>
          <Form.Item name="to" label={t("callbacks.to")} extra={t("callbacks.to.help")}><Input type="datetime-local" /></Form.Item>
        </div>
        <Form.Item name="mode" label={t("callbacks.mode")}>
          <Radio.Group options={(["", "agent_first", "customer_first"] as const).map((mode) => ({ value: mode, label: t(`callbacks.mode.${mode || "queue"}`) }))} />
        </Form.Item>
        <Form.Item name="attempts" label={t("callbacks.most")} extra={t("callbacks.to.help")}><InputNumber min={1} max={10} /></Form.Item>
        <Form.Item name="note" label={t("callbacks.note")} extra={t("callbacks.note.help")}><Input maxLength={200} /></Form.Item>
      </Form>
    </Modal>
  );
}

/** What is left out the queue's settings say. */
function asked(fields: Fields, request_id: string): Record<string, unknown> {
  return {
    number: fields.number.trim(), queue: fields.queue, note: fields.note, request_id, attempts: fields.attempts ?? 0,
    mode: fields.mode || null, not_before: instant(fields.from), not_after: instant(fields.to),
  };
}

/** The browser's local time, with its zone. */
function instant(local: string): string | null {
  return local ? new Date(local).toISOString() : null;
}
