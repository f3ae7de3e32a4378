import { EditOutlined, UserOutlined } from "@ant-design/icons";
import { App, Avatar, Button, Card, Tag } from "antd";
import { useState, type ReactNode } from "react";

import { LevelTag } from "./Level";
import { useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { LongText } from "../shared/LongText";
import { readable } from "../shared/numbers";
import type { Caller, Customer } from "../shared/types";
import { CustomerForm } from "./CustomerForm";

export function CustomerCard({ customer, caller, onSaved }: {
  customer: Customer;
  caller: Caller | null;
  onSaved: (customer: Customer) => void;
}) {
  const { t } = useSpeech();
  const { session } = useSession();
  const { message } = App.useApp();
  const [editing, setEditing] = useState(false);
  const name = customer.name || customer.organisation || t("customer.noname");
  const saved = (changed: Customer) => {
    setEditing(false);
    onSaved(changed);
    void message.success(t("customer.saved"));
  };
  return (
    <Card size="small" className="customer" title={
      <span className="customer-title">
        <Avatar size={28} icon={<UserOutlined />} aria-hidden />
        <LongText text={name} /><LevelTag level={customer.level} />
      </span>
    } extra={session.may("customers.write") && !editing && (
      <Button size="small" icon={<EditOutlined />} onClick={() => setEditing(true)}>{t("customer.edit")}</Button>
    )}>
      {editing
        ? <CustomerForm customer={customer} onSaved={saved} onReloaded={onSaved} onCancel={() => setEditing(false)} />
        : <Profile customer={customer} caller={caller} />}
    </Card>
  );
}

function Profile({ customer, caller }: { customer: Customer; caller: Caller | null }) {
  const { t, language } = useSpeech();
  return (
    <>
      <dl className="profile">
        <Field label={t("customer.organisation")} shown={customer.name !== "" && customer.organisation}>
          <LongText text={customer.organisation} />
        </Field>
        <Field label={t("customer.numbers")} shown={customer.numbers.length > 0}>
          {customer.numbers.map((number) => (
            <span key={number} className={number === caller?.number ? "number calling" : "number"}>{readable(number)}</span>
          ))}
        </Field>
        <Field label={t("customer.email")} shown={customer.email}><LongText text={customer.email} /></Field>
        <Field label={t("customer.accounts")} shown={customer.accounts.length > 0}>
          <LongText text={customer.accounts.join(", ")} />
        </Field>
        <Field label={t("customer.language")} shown={customer.language}>{languageName(customer.language, language)}</Field>
        <Field label={t("customer.segment")} shown={caller?.segment}>{caller?.segment}</Field>
        <Field label={t("customer.department")} shown={caller?.department}>{caller?.department}</Field>
      </dl>
      {customer.tags.length > 0 && (
        <div className="tags" aria-label={t("customer.tags")}>
          {customer.tags.map((tag) => <Tag key={tag}><bdi>{tag}</bdi></Tag>)}
        </div>
      )}
      {customer.notes && <p className="customer-notes"><bdi>{customer.notes}</bdi></p>}
    </>
  );
}

function languageName(code: string, shownIn: string): string {
  try {
    return new Intl.DisplayNames([shownIn], { type: "language" }).of(code) ?? code;
  } catch {
    return code; // what somebody typed need not be a language
  }
}

function Field({ label, shown, children }: { label: string; shown: unknown; children: ReactNode }) {
  return shown ? <div><dt>{label}</dt><dd>{children}</dd></div> : null;
}
