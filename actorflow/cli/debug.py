"""`actorflow run debug`: a recorded run, step by step, forward and back; nothing of it is performed or written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from actorflow.cli.capsule import KeyEnv, Trust, fetched, is_file, opened
from actorflow.cli.debug_view import printed_moment, printed_source
from actorflow.cli.option import AsJson, Data, Directory, Overrides
from actorflow.cli.output import plain, print_json
from actorflow.cli.place import Place
from actorflow.errors import Error, invalid, not_found
from actorflow.node.suggest import did_you_mean

if TYPE_CHECKING:
    from actorflow.store.capsule import Capsule

Run = Annotated[
    str, typer.Argument(metavar="RUN|FILE.afrun", help="A PID, a workflow id, a run id, or a file of a run.")
]
_PROMPT: Final = "(debug) "
_HELP: Final = """\
n, next [K]     take a step, or K of them          b, back [K]    go back a step, or K of them
g, goto SEQ     go to an event of the journal      s, step NAME   go on to the next event of a named step or target
e, end          go to the end                      w, where       show the step again
l, list         the source around each task        p, print NAME  a variable of any task
q, quit         leave"""


def debug(  # noqa: PLR0913, PLR0917 - the options of the verb
    run: Run,
    at: Annotated[int | None, typer.Option("--at", metavar="SEQ", min=0, help="Show the run after this event.")] = None,
    commands: Annotated[str, typer.Option("--commands", help="What to do, e.g. 'n;n;p item', and end.")] = "",
    key_env: KeyEnv = "",
    trust: Trust = False,  # noqa: FBT002 - typer makes flags of booleans
    as_json: AsJson = False,  # noqa: FBT002
    directory: Directory = None,
    data: Data = None,
    override: Overrides = None,
) -> None:
    """Go through a run step by step, forward and back: where it stands, what it waits for, and what it holds."""
    if is_file(run):
        capsule = opened(Path(run), key_env, trust=trust)
    else:
        capsule = fetched(Place.of(directory, data, override), run)
    converse(capsule, at, commands, as_json=as_json)


def converse(capsule: Capsule, at: int | None = None, commands: str = "", *, as_json: bool) -> None:
    """Do what is asked of a run: by these commands, else by those that are read from the input."""
    from actorflow.app import debugger_of  # noqa: PLC0415 - loads the languages

    session = Session(debugger_of(capsule), as_json=as_json)
    try:
        if at is not None:
            session.do(f"goto {at}")
        elif not commands:
            session.do("next")
        if commands:
            for command in commands.split(";"):
                session.do(command)
        elif at is None:
            _converse(session)
    finally:
        session.debugger.close()


class Session:
    """One debugger and what it prints; `ended` once it was asked to quit."""

    def __init__(self, debugger: Any, *, as_json: bool) -> None:
        """Stand where the debugger stands."""
        self.debugger = debugger
        self.ended = False
        self._as_json = as_json

    def do(self, command: str) -> None:
        """Do one command and print what it shows.

        Raises:
            Error: kind Invalid or NotFound, when there is no such command, event, step or variable.
        """
        word, _, rest = command.strip().partition(" ")
        action = _ACTIONS.get(word)
        if action is None:
            raise invalid(f"no command {word!r}{did_you_mean(word, _ACTIONS)}; there are:\n{_HELP}")
        action(self, rest.strip())

    def show(self, _rest: str = "") -> None:
        """Print the step."""
        seen = self._moment()
        if self._as_json:
            print_json(plain(seen))
        else:
            typer.echo(printed_moment(seen))

    def next(self, rest: str) -> None:
        """Take steps."""
        self._go(self.debugger.position + _count(rest, "next"))

    def back(self, rest: str) -> None:
        """Go back."""
        self._go(max(self.debugger.position - _count(rest, "back"), 0))

    def goto(self, rest: str) -> None:
        """Go to an event."""
        if not rest.isdecimal():
            raise invalid(f"goto: got {rest!r}, expected the number of an event")
        self._go(self.debugger.step_at(int(rest)))

    def step(self, rest: str) -> None:
        """Go on to the next event that is about a step or target."""
        from actorflow.store.view import event_line  # noqa: PLC0415

        for number, (fact, recorded) in enumerate(self.debugger.steps, 1):
            lines = (event_line(event) for event in (fact, *recorded))
            if number > self.debugger.position and any(rest in {line["step"], line["target"]} for line in lines):
                self._go(number)
                return
        raise not_found(f"nothing after event {self.debugger.seq} is about {rest!r}")

    def end(self, _rest: str) -> None:
        """Go to the end."""
        self._go(len(self.debugger.steps))

    def list(self, _rest: str) -> None:
        """Print the source around each task."""
        seen, bundle = self._moment(), self.debugger.capsule.bundle
        if self._as_json:
            print_json([{"place": task["place"], "source": task["source"]} for task in seen["tasks"]])
        else:
            typer.echo(printed_source(seen, bundle))

    def print(self, rest: str) -> None:
        """Print a variable."""
        tasks = self._moment()["tasks"]
        found = [
            {"name": rest, "task": task["task"], "function": frame["function"], "value": frame["locals"][rest]}
            for task in tasks
            for frame in task["frames"]
            if rest in frame["locals"]
        ]
        if not found:
            names = {name for task in tasks for frame in task["frames"] for name in frame["locals"]}
            known = f"; there are {', '.join(sorted(names))}" if names else ""
            raise not_found(f"no variable {rest!r} here{did_you_mean(rest, names)}{known}")
        if self._as_json:
            print_json(found)
            return
        for one in found:
            typer.echo(f"{rest} = {one['value']}" + (f"  (task {one['task']}, {one['function']})" if found[1:] else ""))

    def quit(self, _rest: str) -> None:
        """Leave."""
        self.ended = True

    def help(self, _rest: str) -> None:
        """Print the commands."""
        typer.echo(_HELP)

    def _go(self, step: int) -> None:
        self.debugger.goto(min(step, len(self.debugger.steps)))
        self.show()

    def _moment(self) -> dict[str, Any]:
        from actorflow.app import moment_of  # noqa: PLC0415

        return moment_of(self.debugger)


_ACTIONS: Final[dict[str, Callable[[Session, str], None]]] = {
    **dict.fromkeys(("n", "next"), Session.next),
    **dict.fromkeys(("b", "back"), Session.back),
    **dict.fromkeys(("g", "goto"), Session.goto),
    **dict.fromkeys(("s", "step"), Session.step),
    **dict.fromkeys(("e", "end"), Session.end),
    **dict.fromkeys(("w", "where"), Session.show),
    **dict.fromkeys(("l", "list"), Session.list),
    **dict.fromkeys(("p", "print"), Session.print),
    **dict.fromkeys(("q", "quit"), Session.quit),
    **dict.fromkeys(("h", "help", "?"), Session.help),
}


def _converse(session: Session) -> None:
    """Read commands until the end of the input; an empty line is the last command again."""
    last = "next"
    for line in _lines():
        command = line.strip() or last
        try:
            session.do(command)
        except Error as error:
            typer.echo(error.message, err=True)
        if session.ended:
            return
        last = command


def _lines() -> Iterable[str]:
    if not sys.stdin.isatty():
        yield from sys.stdin
        return
    import readline  # noqa: F401, PLC0415 - gives `input` a history

    while True:
        try:
            yield input(_PROMPT)
        except EOFError:
            return


def _count(text: str, command: str) -> int:
    if text and not text.isdecimal():
        raise invalid(f"{command}: got {text!r}, expected how many steps")
    return int(text or 1)
