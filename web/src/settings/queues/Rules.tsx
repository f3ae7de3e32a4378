import { Card } from "antd";

import { useSpeech } from "../../i18n";
import type { QueueDocument } from "../model/documents";
import { rules, type Names } from "../model/words";

/** What the settings mean, as they stand in the form. */
export function Rules({ names, queue }: { names: Names; queue: QueueDocument }) {
  const { t } = useSpeech();
  return (
    <Card size="small" title={t("rules.title")}>
      <ul className="rules">{rules(names, queue).map((sentence) => <li key={sentence}><bdi>{sentence}</bdi></li>)}</ul>
    </Card>
  );
}
