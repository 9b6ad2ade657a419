"""What the chat's framework keeps of an open window: the parts that changed, not the layout of the page.

By itself it writes the whole layout down for every window, 114 kB in 5 ms, and again the part that
changed at every answer, so that a state of the page can be shared by its address. This page has no such
addresses: a conversation's leads to the records.
"""

from types import SimpleNamespace
from typing import Any

import gradio.state_holder
from gradio import Blocks
from gradio.state_holder import SessionState


class _Unwritten(dict[int, Any]):
    """A layout that holds every part, and nothing of any."""

    def __contains__(self, key: object) -> bool:
        return True

    def __setitem__(self, key: int, value: Any) -> None:
        pass

    def __missing__(self, key: int) -> dict[str, Any]:
        return {}


class _Window(SessionState):
    def __init__(self, blocks: Blocks) -> None:
        empty: Any = SimpleNamespace(default_config=blocks.default_config, blocks={})
        super().__init__(empty)
        self.config_values = _Unwritten()


def keep_no_layouts() -> None:
    """Have the framework write down no layout, of any page of this process."""
    gradio.state_holder.SessionState = _Window  # type: ignore[misc]
