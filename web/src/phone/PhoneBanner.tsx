import { Alert, Button } from "antd";

import { useSpeech } from "../i18n";
import { lineText } from "./PhoneMark";
import { usePhone } from "./PhoneProvider";

/** Asks the first time, and says what is wrong: an agent who cannot be rung has to know. */
export function PhoneBanner() {
  const { t } = useSpeech();
  const { state, phone } = usePhone();
  if (!state.available || !state.claimed) return null;
  if (state.choice === null) {
    return (
      <Alert banner type="info" title={<Said what={t("phone.ask")} more={t("phone.ask.help")} />} action={
        <span className="line-tags">
          <Button size="small" type="primary" onClick={() => phone.choose("browser")}>{t("phone.ask.yes")}</Button>
          <Button size="small" onClick={() => phone.choose("desk")}>{t("phone.ask.no")}</Button>
        </span>
      } />
    );
  }
  // A first moment without a line is ordinary, as after a reload.
  if (state.choice === "desk" || state.trouble === null) return null;
  const more = state.trouble === "refused" && state.sentence ? state.sentence : t(`phone.trouble.${state.trouble}.help`);
  return (
    <Alert banner type={state.line === "stopped" ? "error" : "warning"} title={<Said what={t(lineText(state))} more={more} />}
      action={<Button size="small" onClick={() => phone.happened({ type: "again" })}>{t("app.retry")}</Button>} />
  );
}

function Said({ what, more }: { what: string; more: string }) {
  return <><strong>{what}</strong> <span className="secondary">{more}</span></>;
}
