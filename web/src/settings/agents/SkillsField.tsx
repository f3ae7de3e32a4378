import { CloseOutlined } from "@ant-design/icons";
import { AutoComplete, Button, InputNumber } from "antd";
import { useState, type KeyboardEvent } from "react";

import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import { skillsOf } from "../model/bulk";
import type { AgentDocument } from "../model/documents";
import type { Settings } from "../useSettings";

const SKILL = /^[a-z0-9_-]{1,64}$/;
const USUAL = 5;

/** What an agent can do, each at a level of 1 to 10. */
export function SkillsField({ agent, settings, onChange }: {
  agent: AgentDocument;
  settings: Settings;
  onChange: (skills: Record<string, number>) => void;
}) {
  const { t } = useSpeech();
  const [name, setName] = useState("");
  const { skills } = agent;
  const drop = (skill: string) => onChange(Object.fromEntries(Object.entries(skills).filter(([each]) => each !== skill)));
  const add = (skill: string) => {
    if (!SKILL.test(skill)) return;
    onChange({ [skill]: USUAL, ...skills });
    setName("");
  };
  const known = skillsOf(settings.agents).filter((skill) => !(skill in skills) && skill.includes(name));
  const entered = (event: KeyboardEvent) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // it is for the skill, not for the form
    if (known.length === 0) add(name); // else Enter takes one of the list
  };
  return (
    <>
      {Object.entries(skills).sort(([a], [b]) => a.localeCompare(b)).map(([skill, level]) => (
        <div className="place" key={skill}>
          <LongText text={skill} />
          <InputNumber size="small" min={1} max={10} precision={0} value={level} prefix={t("agent.level")}
            aria-label={t("agent.level.of", { skill })} onChange={(value) => value !== null && onChange({ ...skills, [skill]: value })} />
          <Button type="text" size="small" icon={<CloseOutlined />} aria-label={t("agent.skill.remove", { skill })} onClick={() => drop(skill)} />
        </div>
      ))}
      <div className="place-add">
        <AutoComplete id="agent-skills" size="small" className="add" value={name} placeholder={t("agent.skill.add")}
          options={known.map((value) => ({ value }))} onKeyDown={entered}
          onChange={(value: string) => setName((value ?? "").trim().toLowerCase())} onSelect={add} />
        <Button size="small" disabled={!SKILL.test(name) || name in skills} onClick={() => add(name)}>{t("agent.skill.add.button")}</Button>
      </div>
    </>
  );
}
