"""The web application: `python app.py`, or `uvicorn app:app`.

`app` is made when it is first asked for, so that importing this module loads nothing.
"""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fastapi import FastAPI


def make() -> "FastAPI":
    """Make the application from the environment; a user's error ends the process with its sentence."""
    from assistant.config import Settings
    from assistant.errors import AssistantFault
    from assistant.web.server import create_app
    from index.errors import IndexFault

    try:
        return create_app(Settings.from_env())
    except (AssistantFault, IndexFault) as fault:
        raise SystemExit(f"{type(fault).__name__}: {fault}") from fault


def __getattr__(name: str) -> object:
    if name == "app":
        globals()["app"] = make()
        return globals()["app"]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def main() -> int:
    """Serve the chat until stopped; 2 for a user's error."""
    from assistant.config import Settings
    from assistant.errors import AssistantFault
    from assistant.web.server import serve
    from index.errors import IndexFault

    try:
        serve(Settings.from_env(), lambda address: print(f"The chat is at {address}", flush=True))
    except (AssistantFault, IndexFault) as fault:
        print(f"{type(fault).__name__}: {fault}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
