import { useEffect, useState, type KeyboardEvent } from "react";

import { useSpeech } from "../../i18n";
import { LongText } from "../../shared/LongText";
import { levelOf, type Levels } from "../model/bulk";
import type { AgentDocument } from "../model/documents";

type OnLevel = (agent: AgentDocument, skill: string, level: number | null) => void;

/** The cells; arrow keys and Enter go from one to the next. */
export function Grid({ agents, skills, levels, writes, onLevel }: {
  agents: AgentDocument[];
  skills: string[];
  levels: Levels;
  writes: boolean;
  onLevel: OnLevel;
}) {
  const { t } = useSpeech();
  return (
    <div className="table-scroll matrix-scroll" tabIndex={0} role="group" aria-label={t("settings.matrix")}>
      <table className="matrix" onKeyDown={move}>
        <thead>
          <tr>
            <th scope="col">{t("board.agent")}</th>
            {skills.map((skill) => <th scope="col" key={skill} className="figure"><LongText text={skill} /></th>)}
          </tr>
        </thead>
        <tbody>
          {agents.map((agent, row) => (
            <tr key={agent.agent_id}>
              <th scope="row"><LongText text={agent.name || agent.agent_id} /></th>
              {skills.map((skill, column) => {
                const changed = levels[agent.agent_id];
                const dirty = changed !== undefined && skill in changed;
                const level = dirty ? changed[skill] ?? null : agent.skills[skill] ?? null;
                return (
                  <td key={skill} className={dirty ? "dirty" : ""}>
                    <Cell level={level} label={t("matrix.cell", { agent: agent.name || agent.agent_id, skill })} row={row} column={column}
                      writes={writes} onLevel={(value) => onLevel(agent, skill, value)} />
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Cell({ level, label, row, column, writes, onLevel }: {
  level: number | null;
  label: string;
  row: number;
  column: number;
  writes: boolean;
  onLevel: (level: number | null) => void;
}) {
  const [text, setText] = useState(String(level ?? ""));
  useEffect(() => setText(String(level ?? "")), [level]);
  const wrong = levelOf(text) === undefined;
  return (
    <input className={level === null ? "cell" : `cell strength-${Math.ceil(level / 3)}`} inputMode="numeric" autoComplete="off" aria-label={label}
      aria-invalid={wrong} data-cell={`${row}.${column}`} readOnly={!writes} value={text} onFocus={(event) => event.target.select()}
      onChange={(event) => {
        setText(event.target.value);
        const typed = levelOf(event.target.value);
        if (typed !== undefined) onLevel(typed);
      }}
      onBlur={() => wrong && setText(String(level ?? ""))} />
  );
}

const STEPS: Record<string, [row: number, column: number]> = {
  ArrowUp: [-1, 0], ArrowDown: [1, 0], Enter: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1],
};

function move(event: KeyboardEvent<HTMLTableElement>): void {
  const [row = NaN, column = NaN] = ((event.target as HTMLElement).dataset["cell"] ?? "").split(".").map(Number);
  const step = STEPS[event.key];
  if (!step || Number.isNaN(row)) return;
  const next = event.currentTarget.querySelector<HTMLInputElement>(`[data-cell="${row + step[0]}.${column + step[1]}"]`);
  event.preventDefault();
  next?.focus();
}
