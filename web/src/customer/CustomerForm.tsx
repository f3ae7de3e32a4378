import { Alert, Button, Form, Input, Select } from "antd";
import { useState } from "react";

import { problem, useSpeech, word } from "../i18n";
import { useSession } from "../session/Gate";
import { ApiError } from "../shared/api";
import type { Customer, CustomerForm as Fields } from "../shared/types";
import { asForm } from "./pop";

const NUMBER = /^[+*#0-9A-Za-z.@:_-]{1,64}$/;
const EMPTY: Fields = {
  name: "", organisation: "", numbers: [], accounts: [], email: "", level: 0, language: "", tags: [], notes: "",
};

/** Creates a customer (with `numbers`), or changes one. */
export function CustomerForm({ customer, numbers = [], onSaved, onReloaded, onCancel }: {
  customer?: Customer;
  numbers?: string[];
  onSaved: (customer: Customer) => void;
  onReloaded?: (customer: Customer) => void;
  onCancel?: () => void;
}) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const [form] = Form.useForm<Fields>();
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [yours, setYours] = useState<Fields | null>(null);
  const initial = customer ? asForm(customer) : { ...EMPTY, numbers };
  const stale = error instanceof ApiError && error.code === "stale";

  const save = async (fields: Fields) => {
    setSaving(true);
    setError(null);
    try {
      onSaved(customer
        ? await session.ask<Customer>(`/customers/${customer.customer_id}`, {
          method: "PUT", body: { ...asForm(customer), ...fields, revision: customer.revision },
        })
        : await session.ask<Customer>("/customers", { method: "POST", body: { ...EMPTY, ...fields } }));
    } catch (refused) {
      setError(refused);
      setSaving(false);
    }
  };

  const reload = async () => {
    if (!customer) return;
    try {
      const fresh = await session.ask<Customer>(`/customers/${customer.customer_id}`);
      setYours(form.getFieldsValue());
      form.setFieldsValue(asForm(fresh));
      setError(null);
      onReloaded?.(fresh);
    } catch (refused) {
      setError(refused);
    }
  };

  return (
    <Form<Fields> name="customer" form={form} layout="vertical" size="small" initialValues={initial} requiredMark={false}
      disabled={saving} onFinish={(fields) => void save(fields)} className="customer-form">
      {stale && (
        <Alert type="warning" showIcon title={t("customer.stale")} description={t("customer.stale.help")}
          action={<Button size="small" onClick={() => void reload()}>{t("app.reload")}</Button>} />
      )}
      {error !== null && !stale && <Alert type="error" showIcon title={problem(speech, error)} />}
      {yours && <Yours fields={yours} />}
      <div className="two-fields">
        <Form.Item name="name" label={t("customer.name")} dependencies={["organisation"]} rules={[({ getFieldValue }) => ({
          validator: (_, name: string) => (name?.trim() || (getFieldValue("organisation") as string)?.trim()
            ? Promise.resolve() : Promise.reject(new Error(t("customer.name.missing")))),
        })]}>
          <Input maxLength={200} autoFocus />
        </Form.Item>
        <Form.Item name="organisation" label={t("customer.organisation")}><Input maxLength={200} /></Form.Item>
        <Form.Item name="numbers" label={t("customer.numbers")} rules={[{
          validator: (_, all: string[]) => (all.every((one) => NUMBER.test(one))
            ? Promise.resolve() : Promise.reject(new Error(t("customer.number.wrong")))),
        }]}>
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[" ", ",", "，"]} />
        </Form.Item>
        <Form.Item name="email" label={t("customer.email")}><Input maxLength={200} inputMode="email" /></Form.Item>
        <Form.Item name="level" label={t("customer.level")}>
          <Select options={[0, 1, 2, 3].map((value) => ({
            value, label: value === 0 ? t("customer.level.0") : word(t, "call.level", String(value)),
          }))} />
        </Form.Item>
        <Form.Item name="tags" label={t("customer.tags")}>
          <Select mode="tags" open={false} suffixIcon={null} tokenSeparators={[",", "，"]} />
        </Form.Item>
      </div>
      <Form.Item name="notes" label={t("customer.notes")}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 5 }} maxLength={10_000} />
      </Form.Item>
      <div className="form-end">
        {onCancel && <Button onClick={onCancel}>{t("app.cancel")}</Button>}
        <Button type="primary" htmlType="submit" loading={saving} disabled={stale}>{t("app.save")}</Button>
      </div>
    </Form>
  );
}

/** What the person had typed when somebody else was faster. */
function Yours({ fields }: { fields: Fields }) {
  const { t } = useSpeech();
  const lines = [fields.name, fields.organisation, fields.numbers.join(", "), fields.email, fields.tags.join(", "), fields.notes];
  return (
    <Alert type="info" title={t("customer.stale.yours")} closable
      description={<span className="pre"><bdi>{lines.filter(Boolean).join("\n")}</bdi></span>} />
  );
}
