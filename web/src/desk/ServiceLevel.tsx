import { useSpeech } from "../i18n";

const GOOD = 0.8;
const POOR = 0.6;

/** A share in per cent; the colour repeats what the figure says. */
export function ServiceLevel({ level }: { level: number | null }) {
  const { t } = useSpeech();
  if (level === null) return <>{t("app.none")}</>;
  const tone = level >= GOOD ? "good" : level >= POOR ? "fair" : "poor";
  return <span className={`level-${tone}`}>{Math.round(level * 100)} %</span>;
}
