import { FileAddOutlined, SnippetsOutlined } from "@ant-design/icons";
import { Alert, Button, Card, Checkbox, Dropdown, Form, Input, Select, type InputRef } from "antd";
import { useRef, useState } from "react";

import { problem, useSpeech, type Key } from "../../i18n";
import { useSession } from "../../session/Gate";
import { ApiError } from "../../shared/api";
import { newId } from "../../shared/ids";
import type { Disposition, WrapUpReply } from "../../shared/types";
import { useLoad } from "../../shared/useLoad";
import { useDesk } from "../DeskProvider";
import { useShortcuts } from "../shortcuts";
import { OrderFields } from "./OrderFields";
import { dropDraft, isFinal, readDraft, toCommand, writeDraft, type Draft } from "./draft";

const BLOCKS: Key[] = ["wrapup.block.1", "wrapup.block.2", "wrapup.block.3", "wrapup.block.4", "wrapup.block.5"];
const NOTES_LENGTH = 4_000;

/** Disposition, notes and work order in one. Mounted anew for each contact; filled in during the talk already. */
export function WrapUpForm({ contactId, ended }: { contactId: string; ended: boolean }) {
  const speech = useSpeech();
  const { t } = speech;
  const { desk, command, dispatch, link } = useDesk();
  const [form] = Form.useForm<Draft>();
  const [draft, setDraft] = useState(() => readDraft(contactId));
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const notes = useRef<InputRef>(null);
  useShortcuts({ wrapup: () => notes.current?.focus() });

  const keep = (next: Draft) => {
    setDraft(next);
    writeDraft(contactId, next);
  };

  const submit = async () => {
    setSending(true);
    setError(null);
    try {
      const body = toCommand(contactId, draft, desk.pop?.customer?.customer_id ?? desk.contact?.customer_id ?? "");
      const reply = await command<WrapUpReply>("wrap_up", body, draft.id);
      dropDraft(contactId);
      const pending = Boolean(reply.pending_work_order);
      dispatch({ type: "sent", notice: { kind: "wrapped_up", work_order: reply.work_order, pending, asked: draft.order } });
    } catch (refused) {
      setError(refused);
      setSending(false);
      if (refused instanceof ApiError && isFinal(refused.code)) keep({ ...draft, id: newId() });
    }
  };

  const insert = (text: string) => {
    const joined = [draft.notes.trimEnd(), text].filter(Boolean).join("\n").slice(0, NOTES_LENGTH);
    form.setFieldValue("notes", joined);
    keep({ ...draft, notes: joined });
    notes.current?.focus();
  };

  return (
    <Card className="wrap-up" size="small" title={t("wrapup.title")} role="region" aria-label={t("wrapup.title")}
      extra={<Blocks onPick={insert} />}>
      <Form<Draft> name="wrapup" form={form} layout="vertical" initialValues={draft} requiredMark={false} disabled={sending}
        onValuesChange={(changed: Partial<Draft>) => keep({ ...draft, ...changed })} onFinish={() => void submit()}
        scrollToFirstError>
        <Dispositions />
        <Form.Item name="notes" label={t("wrapup.notes")}>
          <Input.TextArea ref={notes as never} autoSize={{ minRows: 3, maxRows: 8 }} maxLength={NOTES_LENGTH}
            placeholder={t("wrapup.notes.hint")} aria-keyshortcuts="Alt+W" />
        </Form.Item>
        <Form.Item name="order" valuePropName="checked" className="order-switch">
          <Checkbox><FileAddOutlined aria-hidden /> {t("wrapup.order")}</Checkbox>
        </Form.Item>
        {draft.order && <OrderFields />}
        {error !== null && (
          <Alert type="error" showIcon title={`${t("wrapup.failed")}: ${problem(speech, error)}`}
            description={t("wrapup.failed.keep")} className="form-error" />
        )}
        <div className="wrap-up-end">
          {!ended && <span className="secondary">{t("wrapup.later")}</span>}
          <Button type="primary" htmlType="submit" loading={sending} disabled={!ended || link.status !== "open"}>
            {draft.order ? t("wrapup.submit.order") : t("wrapup.submit")}
          </Button>
        </div>
      </Form>
    </Card>
  );
}

function Blocks({ onPick }: { onPick: (text: string) => void }) {
  const { t } = useSpeech();
  return (
    <Dropdown trigger={["click"]} menu={{
      items: BLOCKS.map((key) => ({ key, label: t(key) })),
      onClick: ({ key }) => onPick(t(key as Key)),
    }}>
      <Button size="small" type="text" icon={<SnippetsOutlined />}>{t("wrapup.blocks")}</Button>
    </Dropdown>
  );
}

function Dispositions() {
  const speech = useSpeech();
  const { t, language } = speech;
  const { session } = useSession();
  const { data, error, loading, reload } = useLoad("dispositions", (signal) =>
    session.ask<{ dispositions: Disposition[] }>("/dispositions", { signal }));
  const options = data?.dispositions.map((one) => ({ value: one.code, label: language === "en" ? one.en : one.zh }));
  return (
    <>
      {error !== null && !data && (
        <Alert type="warning" showIcon title={t("wrapup.disposition.failed")} description={problem(speech, error)}
          action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
      )}
      <Form.Item name="disposition" label={t("wrapup.disposition")}
        getValueProps={(value: string) => ({ value: value || undefined })}
        rules={[{ required: true, message: t("wrapup.disposition.missing") }]}>
        <Select options={options ?? []} loading={loading && !data} placeholder={t("wrapup.disposition.pick")} />
      </Form.Item>
    </>
  );
}
