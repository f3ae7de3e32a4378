"""What is asked while a caller waits is found by index, however many customers there are.

Row-level security makes PostgreSQL ignore an index wherever it cannot prove that an operator leaks nothing;
a query that looks harmless then reads every customer.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

from services.chassis.db import load_queries
from services.chassis.ids import new_id
from services.crm.domain import numbers
from services.crm.store import ROOM

NUMBER = "+8613800138000"
PREFIXES = numbers.prefixes(NUMBER)
QUERIES = load_queries(Path(ROOM) / "queries.sql")
MODES = ("force_custom_plan", "force_generic_plan")
ASKED: dict[str, tuple[Any, ...]] = {
    "known_number": (NUMBER, PREFIXES),
    "screen_pop": (NUMBER, PREFIXES, new_id()),
    "customers": ([new_id()],),
    "timeline_of_customer": (new_id(), [NUMBER], None, 10),
    "timeline_of_contact": (new_id(), None, 10),
    "search_by_beginning": (NUMBER, [NUMBER], [NUMBER + "\U0010ffff"], "wang", "wanh", 20, 1000),
}
FILL = """
insert into customer select 'demo', gen_random_uuid(), i::text, '', '', 0, '', '{}', '', 1, now(), now(),
    md5(i::text), md5(i::text) from generate_series(1, 3000) i;
insert into customer_number select tenant, '+86' || name, customer_id, 1 from customer;
insert into customer_account select tenant, name_key, customer_id, name, 1 from customer;
insert into blocked_number select tenant, number, '', now(), null from customer_number;
insert into number_segment select tenant, number, '', '' from customer_number;
insert into timeline select tenant, gen_random_uuid(), now(), 'contact', '', gen_random_uuid(), '', name,
    case when level = 0 then customer_id end, '', '{}' from customer;
analyze
"""


async def test_no_query_of_a_waiting_caller_reads_a_whole_table(desk: Any) -> None:
    async with desk.database.tenant() as c:
        await c.execute(FILL)
        for mode, (name, arguments) in itertools.product(MODES, ASKED.items()):
            await c.execute(f"set local plan_cache_mode = {mode}")
            rows = await c.fetch(f"explain {getattr(QUERIES, name)}", "demo", *arguments)
            plan = [row[0].strip() for row in rows]
            assert not [line for line in plan if "Seq Scan" in line], (name, mode, plan)
            # An index walked from end to end, by tenant alone, is no better.
            assert "Index Cond: (tenant = 'demo'::text)" not in plan, (name, mode, plan)
