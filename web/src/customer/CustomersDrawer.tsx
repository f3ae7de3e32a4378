import { ArrowLeftOutlined } from "@ant-design/icons";
import { Alert, Button, Drawer } from "antd";

import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import type { Customer } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { CustomerSearch } from "./CustomerSearch";
import { PopView } from "./PopView";
import { loadPop } from "./pop";

/** Whom to show: one customer, whoever has a number, or the search. */
export interface Looked {
  customerId: string;
  number: string;
}

export function CustomersDrawer({ open, looked, onLook, onClose, onOrder, onSaved }: {
  open: boolean;
  looked: Looked | null;
  onLook: (looked: Looked | null) => void;
  onClose: () => void;
  onOrder: (workOrderId: string) => void;
  onSaved: (customer: Customer) => void;
}) {
  const { t } = useSpeech();
  return (
    <Drawer open={open} onClose={onClose} size={640} mask={false} destroyOnHidden rootClassName="drawer"
      title={t("customers.title")} extra={looked && (
        <Button size="small" icon={<ArrowLeftOutlined />} onClick={() => onLook(null)}>{t("customers.back")}</Button>
      )}>
      {looked
        ? <One key={`${looked.customerId} ${looked.number}`} looked={looked} onOrder={onOrder} onSaved={onSaved} />
        : <CustomerSearch action={(customer) => (
          <Button size="small" onClick={() => onLook({ customerId: customer.customer_id, number: customer.numbers[0] ?? "" })}>
            {t("app.open")}
          </Button>
        )} />}
    </Drawer>
  );
}

function One({ looked, onOrder, onSaved }: {
  looked: Looked;
  onOrder: (workOrderId: string) => void;
  onSaved: (customer: Customer) => void;
}) {
  const speech = useSpeech();
  const { session } = useSession();
  const { data, error, reload } = useLoad("pop", (signal) => loadPop(session, {
    contact_id: "", offer_id: "", from_number: looked.number, customer_id: looked.customerId,
  }, signal));
  if (data === null && error !== null) {
    return <Alert type="error" showIcon title={problem(speech, error)}
      action={<Button size="small" onClick={reload}>{speech.t("app.retry")}</Button>} />;
  }
  return <PopView pop={data} number={looked.number} onOrder={onOrder} onReload={reload} onCustomer={(customer) => {
    onSaved(customer);
    reload();
  }} />;
}
