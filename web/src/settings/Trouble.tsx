import { Alert, Button } from "antd";

import { problem, useSpeech } from "../i18n";
import { isStale } from "./model/fields";

/** What went wrong with saving; of a change by somebody else, the way on. */
export function Trouble({ error, onReload }: { error: unknown; onReload: () => void }) {
  const speech = useSpeech();
  const { t } = speech;
  if (error === null) return null;
  if (!isStale(error)) return <Alert type="error" showIcon className="trouble" title={problem(speech, error)} />;
  return (
    <Alert type="warning" showIcon className="trouble" title={t("settings.stale")} description={t("settings.stale.help")}
      action={<Button size="small" onClick={onReload}>{t("app.reload")}</Button>} />
  );
}
