import { LinkOutlined, UserAddOutlined } from "@ant-design/icons";
import { Alert, App, Button, Card, Segmented } from "antd";
import { useState } from "react";

import { numberOf } from "./Level";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import type { Customer } from "../shared/types";
import { CustomerForm } from "./CustomerForm";
import { CustomerSearch } from "./CustomerSearch";
import { asForm } from "./pop";

/** Nobody knows the number: create the customer, or give the number to one who is known. */
export function UnknownCaller({ number, onCustomer }: { number: string; onCustomer: (customer: Customer) => void }) {
  const { t } = useSpeech();
  const { session } = useSession();
  const { message } = App.useApp();
  const [how, setHow] = useState<"create" | "link" | null>(null);
  const dialled = /^\+?\d{3,}$/.test(number);
  const created = (customer: Customer) => {
    void message.success(t("customer.created"));
    onCustomer(customer);
  };
  return (
    <Card size="small" className="customer" title={<>{t("pop.unknown")} <bdi className="secondary">{numberOf(t, number)}</bdi></>}>
      <p className="secondary">{t("pop.unknown.help")}</p>
      {session.may("customers.write") && (
        <Segmented<"create" | "link" | ""> value={how ?? ""} onChange={(value) => setHow(value === "" ? null : value)} options={[
          { value: "create", label: t("pop.create"), icon: <UserAddOutlined /> },
          ...(dialled ? [{ value: "link" as const, label: t("pop.link"), icon: <LinkOutlined /> }] : []),
        ]} />
      )}
      <div className="unknown-body">
        {how === "create" && <CustomerForm numbers={dialled ? [number] : []} onSaved={created} onCancel={() => setHow(null)} />}
        {how === "link" && <Link number={number} onCustomer={onCustomer} />}
      </div>
    </Card>
  );
}

function Link({ number, onCustomer }: { number: string; onCustomer: (customer: Customer) => void }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const { message } = App.useApp();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState("");

  const link = async (customer: Customer) => {
    setBusy(customer.customer_id);
    setError(null);
    const body = { ...asForm(customer), numbers: [...customer.numbers, number], revision: customer.revision };
    try {
      onCustomer(await session.ask<Customer>(`/customers/${customer.customer_id}`, { method: "PUT", body }));
      void message.success(t("pop.linked", { name: customer.name || customer.organisation }));
    } catch (refused) {
      setError(refused);
      setBusy("");
    }
  };
  return (
    <>
      {error !== null && <Alert type="error" showIcon title={problem(speech, error)} />}
      <CustomerSearch action={(customer) => (
        <Button size="small" type="primary" loading={busy === customer.customer_id} disabled={busy !== ""}
          onClick={() => void link(customer)}>{t("pop.link.action")}</Button>
      )} />
    </>
  );
}
