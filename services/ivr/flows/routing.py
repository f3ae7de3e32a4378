"""What a queue node asks of the agents: skills that relax, who is asked first and who never."""

from __future__ import annotations

from services.ivr.domain import Requirement
from services.ivr.flows.marks import FACT, Fields, is_name

LEVEL_MOST = 10
SKILLS_MOST = 16
STEPS_MOST = 8
EXCLUDED_MOST = 16
"""The ACD takes no more of each."""
WAIT_MOST_S = 86_400


def requirements(fields: Fields) -> tuple[Requirement, ...]:
    """What is required at once, and after each step of `relax`."""
    first = Requirement(skills=_skills(fields), language=fields.boolean("language_skill", False))
    _count(fields, first, fields.line_at("skills"))
    steps = _relax(fields, first)
    if first.skills or first.language:
        return (first, *steps)
    if steps:
        line = fields.line_at("relax")
        fields.wrong("'relax' without 'skills' or 'language_skill': there is nothing to relax", line)
    return ()


def _relax(fields: Fields, before: Requirement) -> tuple[Requirement, ...]:
    items = fields.items("relax")
    if len(items) > STEPS_MOST:
        fields.wrong(f"'relax' has {len(items)} steps; at most {STEPS_MOST}", fields.line_at("relax"))
    steps = []
    for item in items[:STEPS_MOST]:
        before = _step(fields.inner(item, "a step of 'relax'"), before)
        steps.append(before)
    return tuple(steps)


def _step(step: Fields, before: Requirement) -> Requirement:
    """Skills are all that is required from now on; the language stays required until a step says no."""
    made = Requirement(
        after_s=step.integer("after_s", None, 1, WAIT_MOST_S),
        skills=_skills(step, required=True),
        language=step.boolean("language_skill", before.language),
    )
    if made.after_s <= before.after_s:
        step.wrong(f"'after_s' must grow from step to step, and {before.after_s} stands before")
    _count(step, made, step.line)
    step.finish()
    return made


def _skills(fields: Fields, *, required: bool = False) -> dict[str, int]:
    found = fields.mapping("skills", required=required)
    skills: dict[str, int] = {}
    for name, line, _ in found.names() if found else ():
        if not is_name(name):
            fields.wrong(f"{name[:80]!r} cannot name a skill: use a-z, 0-9, _ and -", line)
        elif found:
            skills[name] = found.integer(name, None, 1, LEVEL_MOST)
    return skills


def _count(fields: Fields, made: Requirement, line: int) -> None:
    if len(made.skills) + made.language > SKILLS_MOST:
        fields.wrong(f"more than {SKILLS_MOST} skills, the caller's language counted", line)


def preferred(fields: Fields) -> tuple[str, int]:
    """Who is asked first, and for how long."""
    prefer = fields.text("prefer", "")
    if prefer and prefer != "last" and FACT.fullmatch(prefer) is None:
        fields.wrong("'prefer' must be last, or a fact that names an agent", fields.line_at("prefer"))
    if fields.has("prefer_s") and not prefer:
        fields.wrong("'prefer_s' without 'prefer': nobody is named", fields.line_at("prefer_s"))
    return prefer, fields.integer("prefer_s", 0, 0, WAIT_MOST_S)


def excluded(fields: Fields) -> tuple[str, ...]:
    """Facts that name agents."""
    facts = fields.texts("exclude")
    if len(facts) > EXCLUDED_MOST:
        fields.wrong(f"'exclude' names more than {EXCLUDED_MOST} facts", fields.line_at("exclude"))
    for fact in facts:
        if FACT.fullmatch(fact) is None:
            fields.wrong(f"'exclude' names {fact[:80]!r}, which is no fact", fields.line_at("exclude"))
    return facts
