import { PlusOutlined } from "@ant-design/icons";
import { Button, Card, Input, Pagination, Space } from "antd";
import { useMemo, useState } from "react";

import { useAction } from "../../desk/useAction";
import { useSpeech } from "../../i18n";
import { Nothing } from "../../shared/Nothing";
import { useUnsaved } from "../../shared/unsaved";
import { changesOfLevels, matching, skillsOf, withLevel, type Levels } from "../model/bulk";
import { agentDifferences } from "../model/words";
import { Trouble } from "../Trouble";
import { useSaved } from "../useSaved";
import type { Settings } from "../useSettings";
import { putBack } from "./BulkBar";
import { Grid } from "./Grid";

const PAGE = 25; // rows of inputs that a browser redraws without a pause
const SKILL = /^[a-z0-9_-]{1,64}$/;

/** Agents × skills, to type levels in like in a sheet; saved together. */
export function Matrix({ settings, writes }: { settings: Settings; writes: boolean }) {
  const { t } = useSpeech();
  const [text, setText] = useState("");
  const [page, setPage] = useState(1);
  const [added, setAdded] = useState<string[]>([]);
  const [levels, setLevels] = useState<Levels>({});
  const { run, pending, failed, forget } = useAction<"save">();
  const save = useSave(settings);
  const count = Object.values(levels).reduce((sum, row) => sum + Object.keys(row).length, 0);
  useUnsaved(count > 0);
  const found = useMemo(() => matching(settings.agents, text, settings.titleOf), [settings, text]);
  const skills = useMemo(() => [...new Set([...skillsOf(settings.agents), ...added])], [settings.agents, added]);
  const discard = () => {
    setLevels({});
    forget();
  };
  return (
    <Card size="small" className="agents" title={
      <Input allowClear size="small" className="agent-search" value={text} placeholder={t("settings.search.agent")} aria-label={t("settings.search.agent")}
        onChange={(event) => {
          setText(event.target.value);
          setPage(1);
        }} />
    } extra={writes && <NewSkill known={skills} onAdd={(skill) => setAdded([...added, skill])} />}>
      <p className="secondary matrix-help">{t("matrix.help")}</p>
      {found.length === 0 || skills.length === 0
        ? <Nothing text={t(found.length === 0 ? "settings.found.none" : "matrix.none")} />
        : (
          <Grid agents={found.slice((page - 1) * PAGE, page * PAGE)} skills={skills} levels={levels} writes={writes && pending === null}
            onLevel={(agent, skill, level) => setLevels((old) => withLevel(old, agent, skill, level))} />
        )}
      <div className="matrix-end">
        <Pagination size="small" current={page} total={found.length} pageSize={PAGE} onChange={setPage} showSizeChanger={false} hideOnSinglePage />
        {count > 0 && (
          <div className="form-end">
            <span className="unsaved" role="status">{t("matrix.unsaved", { count })}</span>
            <Button onClick={discard}>{t("settings.discard")}</Button>
            <Button type="primary" loading={pending !== null} onClick={() => void run("save", () => save(levels)).then((done) => done && setLevels({}))}>{t("app.save")}</Button>
          </div>
        )}
      </div>
      {failed && <Trouble error={failed.error} onReload={() => {
        forget();
        settings.reload();
      }} />}
    </Card>
  );
}

function NewSkill({ known, onAdd }: { known: string[]; onAdd: (skill: string) => void }) {
  const { t } = useSpeech();
  const [name, setName] = useState("");
  const fits = SKILL.test(name) && !known.includes(name);
  const add = () => {
    if (!fits) return;
    onAdd(name);
    setName("");
  };
  return (
    <Space.Compact size="small">
      <Input value={name} placeholder={t("matrix.skill")} aria-label={t("matrix.skill")} maxLength={64} className="new-skill"
        onChange={(event) => setName(event.target.value.trim().toLowerCase())} onPressEnter={add} />
      <Button icon={<PlusOutlined />} disabled={!fits} onClick={add}>{t("matrix.add")}</Button>
    </Space.Compact>
  );
}

function useSave(settings: Settings) {
  const { t } = useSpeech();
  const saved = useSaved();
  return async (levels: Levels) => {
    const former = settings.agents.filter(({ agent_id }) => levels[agent_id]);
    const kept = await settings.changeAgents(changesOfLevels(settings.agents, levels));
    saved(t("saved.agents", { count: kept.length }), agentDifferences(t, former, kept), () => putBack(settings, former));
  };
}
