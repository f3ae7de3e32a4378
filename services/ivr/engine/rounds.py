"""What a queue's own flow has to say to who waits there: one round after another, with music between them."""

from __future__ import annotations

from dataclasses import dataclass

from services.ivr.domain import Condition, Flow, HangUp, Play, Say
from services.ivr.engine.nodes import chosen, spoken
from services.ivr.engine.run import Run


@dataclass(slots=True)
class Rounds:
    """The place of one caller in such a flow."""

    flow: Flow
    at: str = ""
    """The node that is heard next; "" between two rounds."""

    def next(self, run: Run) -> tuple[str, ...]:
        """What is heard next; () at the end of a round, when it is music's turn. A published flow has no
        circles, so a round ends."""
        self.at = self.at or self.flow.start
        while node := self.flow.nodes.get(self.at):
            said: tuple[str, ...] = ()
            match node:
                case Condition():
                    self.at = chosen(run, node, self.flow)
                case Say():
                    self.at, said = node.next, spoken(run, node)
                case Play():
                    self.at, said = node.next, node.prompts
                case HangUp():
                    self.at, said = END, node.prompts
                case _:  # of a version that allows more: its round ends here
                    self.at = END
            if said:
                return said
        self.at = ""
        return ()


END = "-"
"""No node's name: the round is over."""
