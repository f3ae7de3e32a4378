from deploy.local.bench import Row
from tests.bench.routing.parts import Parts


async def rows(parts: Parts, *, quick: bool) -> list[Row]:
    return []
