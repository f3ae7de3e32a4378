import { Collapse, Switch } from "antd";
import { useEffect, useState, type ReactNode } from "react";

import { useSpeech } from "../../i18n";
import { CALLBACK_MODES, RECORDING_RULES, STRATEGIES } from "../model/documents";
import { SECTIONS, sectionOf, type Section } from "../model/fields";
import { hoursWords, lasting, overflowWords, relaxWords } from "../model/words";
import { useEditing, type Editing } from "./editing";
import { ChoiceField, Item, NumberField, NumberInput, TextField } from "./fields";
import { HoursField } from "./HoursField";
import { OverflowField } from "./OverflowField";
import { RelaxField } from "./RelaxField";

/** All settings of a queue: what everybody needs first, the rest folded, each part saying what it is set to. */
export function QueueForm() {
  const { t } = useSpeech();
  const editing = useEditing();
  const [open, setOpen] = useState<string[]>(["basics"]);
  const wrong = sectionOf(editing.refused);
  useEffect(() => {
    if (wrong !== null) setOpen((old) => [...new Set([...old, wrong])]);
  }, [wrong, editing.refused]);
  return (
    <Collapse className="sections" activeKey={open} onChange={(keys) => setOpen(keys)} items={SECTIONS.map((section) => ({
      key: section,
      label: (
        <span className="section-head">
          <span className="section-title">{t(`section.${section}`)}</span>
          {!open.includes(section) && <span className="secondary section-summary">{summary(editing, section)}</span>}
        </span>
      ),
      children: PARTS[section],
    }))} />
  );
}

function summary({ draft, names }: Editing, section: Section): string {
  const { t } = names;
  if (section === "basics") return t(`queue.strategy.${draft.strategy}`);
  if (section === "overflow") return t("section.overflow.summary", { what: overflowWords(names, draft.on_full) });
  if (section === "hours") return hoursWords(t, draft.hours);
  if (section === "skills") return relaxWords(t, draft.relax);
  if (section === "order") return t(`queue.priority_mode.${draft.priority_mode}`);
  if (section === "callbacks") return t(`queue.callback_mode.${draft.callback_mode}`);
  return draft.last_agent_wait_s > 0 ? lasting(t, draft.last_agent_wait_s) : t("section.last_agent.off");
}

function Basics() {
  const { draft } = useEditing();
  return (
    <>
      <TextField field="title" />
      <ChoiceField field="strategy" options={STRATEGIES} />
      <div className="two-fields">
        {draft.strategy === "ring_several" && <NumberField field="ring_agents" />}
        <NumberField field="ring_timeout_s" />
        <NumberField field="service_level_s" />
        <NumberField field="wrap_up_s" />
        <ChoiceField field="idle_since" options={["ready", "last_contact"]} />
        <ChoiceField field="recording" options={RECORDING_RULES} />
      </div>
    </>
  );
}

function Overflows() {
  return (
    <>
      <div className="two-fields"><NumberField field="max_length" /><OverflowField field="on_full" /></div>
      <div className="two-fields"><NumberField field="max_wait_s" /><OverflowField field="on_max_wait" /></div>
      <div className="two-fields"><NoAgents /><OverflowField field="on_no_agents" /></div>
    </>
  );
}

function NoAgents() {
  const { t } = useSpeech();
  const { draft, set } = useEditing();
  const leaves = draft.no_agents_after_s !== null;
  return (
    <Item field="no_agents_after_s">
      <label className="switch-line">
        <Switch checked={leaves} onChange={(on) => set({ no_agents_after_s: on ? 60 : null })} />
        {t(leaves ? "queue.no_agents.after" : "queue.no_agents.never")}
      </label>
      {leaves && <div className="number-line"><NumberInput field="no_agents_after_s" /></div>}
    </Item>
  );
}

function Order() {
  const { draft } = useEditing();
  return (
    <div className="two-fields">
      <ChoiceField field="priority_mode" options={["head_start", "strict"]} />
      {draft.priority_mode === "head_start" && <NumberField field="priority_step_s" />}
    </div>
  );
}

function Callbacks() {
  return (
    <>
      <ChoiceField field="callback_mode" options={CALLBACK_MODES} />
      <div className="two-fields">
        <NumberField field="callback_attempts" />
        <NumberField field="callback_retry_s" />
        <NumberField field="callback_window_s" />
        <NumberField field="callback_ring_s" />
      </div>
    </>
  );
}

const PARTS: Record<Section, ReactNode> = {
  basics: <Basics />,
  overflow: <Overflows />,
  hours: <><HoursField /><OverflowField field="on_closed" /></>,
  skills: <RelaxField />,
  order: <Order />,
  last_agent: <div className="two-fields"><NumberField field="last_agent_wait_s" /><NumberField field="last_agent_memory_s" /></div>,
  callbacks: <Callbacks />,
};
