import { Button, Card, Form, Input } from "antd";
import { useMemo, useState } from "react";

import { useSpeech } from "../../i18n";
import { useAction } from "../../desk/useAction";
import { LongText } from "../../shared/LongText";
import { restoring, type QueueDocument } from "../model/documents";
import { refusedField, sectionOf } from "../model/fields";
import { differences } from "../model/words";
import { Trouble } from "../Trouble";
import { useDraft } from "../useDraft";
import { useSaved } from "../useSaved";
import type { Settings } from "../useSettings";
import { EditingContext } from "./editing";
import { QueueForm } from "./Form";
import { Rules } from "./Rules";
import { Serving } from "./Serving";

const NAME = /^[a-z0-9_-]{1,64}$/;

/** One queue: its settings, in words what they mean, and who serves it. */
export function QueueEditor({ queue, isNew, settings, writes, onSaved, onCancel }: {
  queue: QueueDocument;
  isNew: boolean;
  settings: Settings;
  writes: boolean;
  onSaved: (queue: QueueDocument) => void;
  onCancel: () => void;
}) {
  const { t } = useSpeech();
  const { base, draft, dirty, set, reset, rebase } = useDraft(queue);
  const { run, pending, failed, forget } = useAction<"save" | "reload">();
  const save = useSave(settings, isNew, onSaved);
  const [asked, setAsked] = useState(false); // for a name, by somebody who tried to save without
  const error = failed?.error ?? null;
  const refused = refusedField(error);
  const taken = isNew && settings.queues.some(({ name }) => name === draft.name);
  const nameless = isNew && (taken || !NAME.test(draft.name));
  const names = useMemo(() => ({ t, titleOf: settings.titleOf }), [t, settings.titleOf]);
  const editing = {
    base, draft, set, refused, names, others: settings.queues.filter(({ name }) => name !== draft.name),
  };
  const submit = () => {
    if (nameless) return setAsked(true);
    void run("save", async () => reset(await save(base, draft)));
  };
  const reload = () => void run("reload", async () => {
    const theirs = (await settings.readQueues()).find(({ name }) => name === draft.name);
    if (theirs) rebase(theirs);
  });
  return (
    <EditingContext value={editing}>
      <div className="editor">
        <Card size="small" title={<LongText text={isNew ? t("queue.new") : base.title || base.name} />}
          extra={!isNew && <code className="secondary"><LongText text={base.name} /></code>}>
          <Form layout="vertical" className={writes ? "settings-form" : "settings-form reads"} disabled={!writes || pending !== null} onFinish={submit}>
            {isNew && <Name name={draft.name} wrong={asked && nameless} taken={taken} onChange={(name) => set({ name })} />}
            <QueueForm />
            {(error !== null && sectionOf(refused) === null) && <Trouble error={error} onReload={reload} />}
            {writes && (dirty || isNew) && (
              <div className="save-bar">
                <span className="unsaved" role="status">{dirty && t("settings.unsaved")}</span>
                <Button onClick={() => {
                  forget();
                  reset(queue);
                  if (isNew) onCancel();
                }}>{t(isNew ? "app.cancel" : "settings.discard")}</Button>
                <Button type="primary" htmlType="submit" loading={pending === "save"}>{t("app.save")}</Button>
              </div>
            )}
          </Form>
        </Card>
        <div className="editor-side">
          <Rules names={names} queue={draft} />
          {!isNew && <Serving queue={base} settings={settings} />}
        </div>
      </div>
    </EditingContext>
  );
}

/** Keeps the draft, says what changed and offers to put the former document back. */
function useSave(settings: Settings, isNew: boolean, onSaved: (queue: QueueDocument) => void) {
  const { t } = useSpeech();
  const saved = useSaved();
  return async (base: QueueDocument, draft: QueueDocument) => {
    const kept = await settings.putQueue(draft);
    const title = kept.title || kept.name;
    const names = { t, titleOf: settings.titleOf };
    if (isNew) saved(t("saved.queue.created", { queue: title }), []);
    else {
      const undo = async () => settings.putQueue(restoring(base, (await settings.readQueues()).find(({ name }) => name === base.name)));
      saved(t("saved.queue", { queue: title }), differences(names, base, kept), undo);
    }
    onSaved(kept);
    return kept;
  };
}

function Name({ name, wrong, taken, onChange }: { name: string; wrong: boolean; taken: boolean; onChange: (name: string) => void }) {
  const { t } = useSpeech();
  const help = taken ? t("queue.name.taken") : wrong ? t("queue.name.wrong") : undefined;
  return (
    <Form.Item label={t("queue.name")} htmlFor="queue-name" extra={t("queue.name.help")} required
      {...(help ? { validateStatus: "error" as const, help } : {})}>
      <Input id="queue-name" autoFocus value={name} maxLength={64} spellCheck={false} autoCapitalize="none"
        onChange={(event) => onChange(event.target.value.trim().toLowerCase())} />
    </Form.Item>
  );
}
