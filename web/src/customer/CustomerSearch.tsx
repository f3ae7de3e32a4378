import { Alert, Button, Input, Spin } from "antd";
import { useEffect, useState, type ReactNode } from "react";

import { LevelTag } from "./Level";
import { problem, useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { LongText } from "../shared/LongText";
import { Nothing } from "../shared/Nothing";
import { readable } from "../shared/numbers";
import type { Customer } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { searchCustomers } from "./pop";

const SHORTEST = 2;
const SETTLE_MS = 250; // between the last key and the question
const FOUND_AT_MOST = 30;

/** A search field and whom it finds; what can be done with each is the caller's. */
export function CustomerSearch({ action }: { action: (customer: Customer) => ReactNode }) {
  const speech = useSpeech();
  const { t } = speech;
  const { session } = useSession();
  const [text, setText] = useState("");
  const wanted = useSettled(text.trim());
  const ready = [...wanted].length >= SHORTEST;
  const { data, error, loading, reload } = useLoad(ready ? `customers ${wanted}` : null, (signal) =>
    searchCustomers(session, wanted, FOUND_AT_MOST, signal));
  return (
    <div className="search">
      <Input.Search value={text} onChange={(event) => setText(event.target.value)} allowClear maxLength={200}
        placeholder={t("customers.search")} aria-label={t("customers.search")} loading={loading} autoFocus />
      <div aria-live="polite">
        {!ready ? <p className="secondary">{t("customers.start")}</p>
          : error !== null ? <Alert type="error" showIcon title={problem(speech, error)}
            action={<Button size="small" onClick={reload}>{t("app.retry")}</Button>} />
          : data === null ? <div className="centred"><Spin /></div>
          : data.length === 0 ? <Nothing text={t("customers.none", { text: wanted })} />
          : <ul className="lines">{data.map((one) => <Line key={one.customer_id} customer={one} action={action(one)} />)}</ul>}
      </div>
    </div>
  );
}

function Line({ customer, action }: { customer: Customer; action: ReactNode }) {
  const { t } = useSpeech();
  const name = customer.name || customer.organisation || t("customer.noname");
  return (
    <li className="line">
      <div className="line-text">
        <span className="line-title"><LongText text={name} /><LevelTag level={customer.level} /></span>
        <LongText className="secondary" text={[
          customer.name ? customer.organisation : "", ...customer.numbers.map(readable),
        ].filter(Boolean).join(" · ")} />
      </div>
      {action}
    </li>
  );
}

function useSettled(text: string): string {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const timer = window.setTimeout(() => setSettled(text), SETTLE_MS);
    return () => window.clearTimeout(timer);
  }, [text]);
  return settled;
}
