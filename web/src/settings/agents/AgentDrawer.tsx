import { Button, Drawer, Form, Input, Segmented } from "antd";
import { useState, type ReactNode } from "react";

import { useAction } from "../../desk/useAction";
import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import type { AgentDocument } from "../model/documents";
import { isAbout, refusedField, type Refused } from "../model/fields";
import { agentDifferences } from "../model/words";
import { Trouble } from "../Trouble";
import { useDraft } from "../useDraft";
import { useSaved } from "../useSaved";
import type { Settings } from "../useSettings";
import { putBack } from "./BulkBar";
import { CapacityField } from "./CapacityField";
import { PlacesField } from "./PlacesField";
import { SkillsField } from "./SkillsField";

const ID = /^[a-z0-9._-]{1,64}$/;
const FIELDS = ["agent_id", "name", "extension", "work_mode", "queues", "tiers", "skills", "capacity"];

/** One agent's settings. */
export function AgentDrawer({ agent, isNew, settings, writes, onClose, onSaved }: {
  agent: AgentDocument;
  isNew: boolean;
  settings: Settings;
  writes: boolean;
  onClose: () => void;
  onSaved: () => void;
}) {
  const { t } = useSpeech();
  const { base, draft, dirty, set, rebase } = useDraft(agent);
  const { run, pending, failed } = useAction<"save" | "reload">();
  const save = useSave(settings);
  const [asked, setAsked] = useState(false);
  const error = failed?.error ?? null;
  const refused = ofAgent(refusedField(error));
  const taken = isNew && settings.agents.some(({ agent_id }) => agent_id === draft.agent_id);
  const nameless = isNew && (taken || !ID.test(draft.agent_id));
  const wrongId = taken ? t("agent.id.taken") : asked && nameless ? t("agent.id.wrong") : undefined;
  const submit = () => {
    if (nameless) return setAsked(true);
    void run("save", () => save(isNew ? null : base, draft)).then((done) => done && onSaved());
  };
  const reload = () => void run("reload", async () => {
    const theirs = (await settings.readAgents()).find(({ agent_id }) => agent_id === draft.agent_id);
    if (theirs) rebase(theirs);
  });
  return (
    <Drawer open size={560} rootClassName="drawer" onClose={onClose} title={<LongText text={isNew ? t("agent.new") : base.name || base.agent_id} />}
      {...(isNew ? {} : { extra: <code className="secondary">{base.agent_id}</code> })} footer={writes && (
        <div className="form-end">
          <span className="unsaved" role="status">{dirty && t("settings.unsaved")}</span>
          <Button onClick={onClose}>{t("app.cancel")}</Button>
          <Button type="primary" loading={pending === "save"} disabled={!dirty} onClick={submit}>{t("app.save")}</Button>
        </div>
      )}>
      <Form layout="vertical" className={writes ? "settings-form" : "settings-form reads"} disabled={!writes || pending !== null} onFinish={submit}>
        {isNew && (
          <Field name="agent_id" refused={wrongId ? { field: "agent_id", sentence: wrongId } : refused}>
            <Input id="agent-agent_id" autoFocus maxLength={64} spellCheck={false} autoCapitalize="none" value={draft.agent_id}
              onChange={(event) => set({ agent_id: event.target.value.trim().toLowerCase() })} />
          </Field>
        )}
        <div className="two-fields">
          <Field name="name" refused={refused}>
            <Input id="agent-name" maxLength={200} value={draft.name} onChange={(event) => set({ name: event.target.value })} />
          </Field>
          <Field name="extension" refused={refused}>
            <Input id="agent-extension" maxLength={32} value={draft.extension} onChange={(event) => set({ extension: event.target.value.trim() })} />
          </Field>
        </div>
        <Field name="work_mode" refused={refused}>
          <Segmented value={draft.work_mode} onChange={(work_mode) => set({ work_mode })} disabled={!writes}
            options={(["continuous", "intermittent"] as const).map((value) => ({ value, label: t(`agent.work_mode.${value}`) }))} />
        </Field>
        <Field name="queues" refused={isAbout(refused, "tiers") && refused ? { ...refused, field: "queues" } : refused}>
          <PlacesField agent={draft} settings={settings} onChange={(tiers) => set({ tiers, queues: Object.keys(tiers).sort() })} />
        </Field>
        <Field name="skills" refused={refused}><SkillsField agent={draft} settings={settings} onChange={(skills) => set({ skills })} /></Field>
        <Field name="capacity" refused={refused}><CapacityField agent={draft} onChange={(capacity) => set({ capacity })} /></Field>
        {error !== null && !FIELDS.some((field) => isAbout(refused, field)) && <Trouble error={error} onReload={reload} />}
      </Form>
    </Drawer>
  );
}

type Name = "agent_id" | "name" | "extension" | "work_mode" | "queues" | "skills" | "capacity";

function Field({ name, refused, children }: { name: Name; refused: Refused | null; children: ReactNode }) {
  const { t } = useSpeech();
  const wrong = isAbout(refused, name);
  return (
    <Form.Item label={t(`agent.${name}`)} htmlFor={`agent-${name}`} extra={t(`agent.${name}.help`)}
      {...(wrong ? { validateStatus: "error" as const, help: refused?.sentence } : {})}>{children}</Form.Item>
  );
}

/** `agents.0.skills.english` is this agent's `skills.english`. */
function ofAgent(refused: Refused | null): Refused | null {
  return refused && { ...refused, field: refused.field.replace(/^agents\.\d+\./, "") };
}

function useSave(settings: Settings) {
  const { t } = useSpeech();
  const saved = useSaved();
  return async (base: AgentDocument | null, draft: AgentDocument) => {
    await settings.putAgents([draft]);
    const title = t("saved.agent.title", { agent: draft.name || draft.agent_id });
    if (base === null) saved(title, [t("saved.agent.created")]);
    else saved(title, agentDifferences(t, [base], [draft]), () => putBack(settings, [base]));
  };
}
