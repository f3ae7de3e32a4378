import {
  AudioOutlined, FileTextOutlined, MessageOutlined, PhoneOutlined, PhoneTwoTone, StarOutlined, StopOutlined,
} from "@ant-design/icons";
import { Timeline as AntTimeline, Tooltip } from "antd";
import type { ReactNode } from "react";

import { useSpeech } from "../i18n";
import { useSession } from "../session/Gate";
import { ago, moment } from "../shared/time";
import type { Disposition, TimelineEntry } from "../shared/types";
import { useLoad } from "../shared/useLoad";
import { useNow } from "../shared/useNow";
import { lineOf } from "./history";

/** The newest entries of a customer's history. */
export function Timeline({ entries }: { entries: TimelineEntry[] }) {
  const { t, language } = useSpeech();
  const { session } = useSession();
  const known = useLoad(session.may("agent.work") ? "dispositions" : null, (signal) =>
    session.ask<{ dispositions: Disposition[] }>("/dispositions", { signal }));
  return (
    <AntTimeline className="timeline" items={entries.map((entry) => {
      const { title, details } = lineOf(t, language, known.data?.dispositions ?? [], entry);
      return {
        key: entry.entry_id,
        icon: iconOf(entry),
        content: (
          <div>
            <div className="timeline-head"><strong>{title}</strong>{entry.at && <When at={entry.at} />}</div>
            {details.length > 0 && <div className="timeline-text" title={details.join(" · ")}><bdi>{details.join(" · ")}</bdi></div>}
          </div>
        ),
      };
    })} />
  );
}

const COARSE_MS = 5_000; // "a minute ago" changes by the minute, and there are many of them

function When({ at }: { at: string }) {
  const { language } = useSpeech();
  const now = useNow(COARSE_MS);
  return (
    <Tooltip title={new Date(at).toLocaleString(language)}>
      <time dateTime={at} className="secondary">{ago(at, now, language)} · {moment(at, language, now)}</time>
    </Tooltip>
  );
}

const ICONS: Record<string, ReactNode> = {
  work_order: <FileTextOutlined />,
  voicemail: <AudioOutlined />,
  survey: <StarOutlined />,
  wrap_up: <MessageOutlined />,
};

function iconOf({ kind, data }: TimelineEntry): ReactNode {
  if (kind !== "contact") return ICONS[kind] ?? <MessageOutlined />;
  if (data["outcome"] === "OUTCOME_ANSWERED") return <PhoneTwoTone />;
  return data["outcome"] === "OUTCOME_REJECTED" ? <StopOutlined /> : <PhoneOutlined className="missed" />;
}
