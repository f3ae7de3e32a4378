import { Form, Input, Select } from "antd";

import { useSpeech } from "../../i18n";
import { TYPES, URGENCIES } from "../../orders/words";

/** A work order's fields, within a form that holds them. */
export function OrderFields() {
  const { t } = useSpeech();
  return (
    <div className="order-fields">
      <div className="two-fields">
        <Form.Item name="type" label={t("order.type")}>
          <Select options={TYPES.map((value) => ({ value, label: t(`order.type.${value}`) }))} />
        </Form.Item>
        <Form.Item name="urgency" label={t("order.urgency")}>
          <Select options={URGENCIES.map((value) => ({ value, label: t(`order.urgency.${value}`) }))} />
        </Form.Item>
      </div>
      <Form.Item name="title" label={t("order.title")}
        rules={[{ required: true, whitespace: true, message: t("order.title.missing") }]}>
        <Input maxLength={200} />
      </Form.Item>
      <Form.Item name="description" label={t("order.description")}>
        <Input.TextArea autoSize={{ minRows: 2, maxRows: 6 }} maxLength={10_000} />
      </Form.Item>
      <Form.Item name="department" label={t("order.department")}>
        <Input maxLength={64} placeholder={t("order.department.hint")} />
      </Form.Item>
    </div>
  );
}
