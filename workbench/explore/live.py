"""A function of values with controls around it: in JupyterLab every control runs it again, headless it runs once.

`live(show, controls, interactive=…)`: `show` takes one value per control and gives a block of `display`, the same block
that a report prints. With interactive=False the answer is `show` at the controls' first values. With interactive=True it
is a widget: labelled controls, a line that says what is shown and that it has run, and the block, whose charts are drawn
in the browser and take new rows without being drawn anew. No Output widget is used: they can stall a headless run.
"""

from __future__ import annotations

import contextlib
import functools
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib.resources import files

from workbench import display, words
from workbench.words import Text, say

ROWS = 100  # of a table are drawn while exploring; the page and the commands have more
ANY = ""  # the value of a choice that restricts nothing


@dataclass(frozen=True)
class Control:
    """One value the reader may change.

    `kind`: "choice" (one of `options`), "choices" (several), "span" (from one option to another), "search" (free text,
    `options` are suggestions), "share" (0-1, written in per cent), "count" (a whole number), "day", "switch".
    `options`: the values, or a function of the other controls' values. `room`: the words' room that names the options, or
    a function that names one. `picks`: the field of a chart's mark or a table's row that sets this control when it is
    clicked.
    """

    kind: str
    label: Text
    value: object
    options: Sequence | Callable[[Mapping], Sequence] = ()
    room: str | Callable[[str], Text] = ""
    picks: str = ""


@dataclass(frozen=True)
class Action:
    """A button: `run` takes the controls' values, does something outside the notebook, and says what it did."""

    label: Text
    run: Callable[..., Text]


def live(show: Callable[..., display.Page], controls: Mapping[str, Control], *, interactive: bool,
         actions: Sequence[Action] = ()):
    """`show` at the controls' first values, or a panel in which they can be changed; see the module."""
    if not interactive:
        return show(**{name: control.value for name, control in controls.items()})
    return _panel(show, controls, actions)


def parts(block: object, language: str) -> list[dict]:
    """What the view draws, in one language: [{"html": …} or {"chart": specification, "label": sentence}]."""
    blocks = block.blocks if isinstance(block, display.Page) else (block,)
    found: list[dict] = []
    for piece in blocks:
        if isinstance(piece, display.Page):
            found += parts(piece, language)
        elif isinstance(piece, display.Chart):
            told = piece.description.in_(language)
            found += [{"html": display.html(display.Note(piece.description).data(), (language,))},
                      {"chart": piece.specs[language], "label": told}]
        elif not isinstance(piece, display.Record):
            data = piece.data(ROWS, (language,)) if isinstance(piece, display.Table) else piece.data()
            found.append({"html": display.html(data, (language,))})
    return found


def shown(block: object) -> dict:
    """A block without controls as JupyterLab shows it: drawn by the same view, its charts alive."""
    view = _view()
    with view.hold_sync():
        view.parts, view.run = parts(block, display.language()), 1
    bundle = view._repr_mimebundle_()
    data = bundle[0] if isinstance(bundle, tuple) else bundle
    return {**data, "text/plain": display.plain(block.data())}


# ---------------------------------------------------------------------------------------------------- the panel

def _panel(show: Callable, controls: Mapping[str, Control], actions: Sequence[Action]):
    """The widget: controls, buttons, status line, view."""
    import ipywidgets

    view = _view()
    status = ipywidgets.HTML().add_class("workbench-status")
    tongue = ipywidgets.ToggleButtons(options=[("English", "en"), ("中文", "zh")], value=display.language(),
                                      description="", style={"button_width": "84px"}, tooltips=["English", "中文"])
    panel = _Panel(show, controls, view, status, tongue)
    buttons = [panel.button(action) for action in actions]
    row = ipywidgets.Box([*panel.widgets.values(), *buttons, tongue]).add_class("workbench-controls")
    box = ipywidgets.VBox([row, status, view]).add_class("workbench-panel")
    box.panel = panel
    return box


class _Panel:
    """Keeps controls and view in step."""

    def __init__(self, show: Callable, controls: Mapping[str, Control], view: object, status: object,
                 tongue: object) -> None:
        self.show, self.controls, self.view, self.status, self.tongue = show, controls, view, status, tongue
        self.quiet = False
        self.buttons: list[tuple[Action, object]] = []
        self.widgets = {name: self._widget(control) for name, control in controls.items()}
        for widget in self.widgets.values():
            widget.observe(self._changed, "value")
        tongue.observe(self._spoken, "value")
        view.observe(self._picked, "picked")
        self.run()

    @property
    def values(self) -> dict:
        """The controls' values as `show` takes them."""
        return {name: _taken(control, self.widgets[name].value) for name, control in self.controls.items()}

    def run(self) -> None:
        """Runs the function and shows what it gives, or says why it cannot."""
        started = time.perf_counter()
        language = self.tongue.value
        try:
            drawn = parts(self.show(**self.values), language)
        except (ValueError, OSError) as error:
            drawn = parts(display.Note(words.same(error), "warn"), language)
        count = self.view.run + 1
        values = self.values
        with self.view.hold_sync():
            self.view.chosen = {control.picks: values[name] for name, control in self.controls.items()
                                if control.picks and values[name]}
            self.view.parts, self.view.run = drawn, count
        spent = round((time.perf_counter() - started) * 1000)
        self.status.value = f'<span role="status">{say("explore.ran", n=count, ms=spent).in_(language)}</span>'

    def button(self, action: Action):
        """The action as a widget; what it did, or why not, is said in the status line."""
        import ipywidgets

        made = ipywidgets.Button(description=action.label.in_(self.tongue.value), layout={"width": "auto"})
        self.buttons.append((action, made))

        def clicked(_: object) -> None:
            try:
                told = action.run(**self.values).in_(self.tongue.value)
            except (ValueError, OSError) as error:
                told = str(error)
            self.status.value = f'<span role="status">{escape(told)}</span>'

        made.on_click(clicked)
        return made

    def _changed(self, change: object) -> None:
        if self.quiet:
            return
        self.quiet = True
        with contextlib.suppress(ValueError, OSError):  # `run` meets it too, and says it
            self._follow()
        self.quiet = False
        self.run()

    def _follow(self) -> None:
        """What can be chosen may follow from the other controls."""
        values = self.values
        for name, control in self.controls.items():
            if callable(control.options):
                widget, options = self.widgets[name], _options(control, values, self.tongue.value)
                if options and list(widget.options) != options:
                    kept = widget.value
                    widget.options = options
                    widget.value = _kept(control, kept, [value for _, value in options])

    def _spoken(self, change: object) -> None:
        """The other language: labels, options and the view."""
        self.quiet = True
        for action, made in self.buttons:
            made.description = action.label.in_(self.tongue.value)
        for name, control in self.controls.items():
            widget = self.widgets[name]
            widget.description = control.label.in_(self.tongue.value)
            if control.kind in ("choice", "choices"):
                kept = widget.value
                with contextlib.suppress(ValueError, OSError):
                    widget.options = _options(control, self.values, self.tongue.value)
                widget.value = kept
        self.quiet = False
        self.run()

    def _picked(self, change: object) -> None:
        """A click on a mark or row sets the controls that its fields are meant for; the same click again frees them."""
        for name, control in self.controls.items():
            value = self.view.picked.get(control.picks) if control.picks else None
            if value is None:
                continue
            widget = self.widgets[name]
            if control.kind == "search" and (first := re.sub(r" \+\d+$", "", str(value))) in control.options:
                value = first  # a row that stands for several names the first and counts the others
            allowed = [option for _, option in widget.options] if control.kind in ("choice", "choices") else [value]
            if value in allowed:
                picked = (value,) if control.kind == "choices" else value
                widget.value = control.value if widget.value == picked else picked

    def _widget(self, control: Control):
        import ipywidgets

        language = self.tongue.value
        wide = "420px" if control.kind == "span" else "auto"
        shown = {"description": control.label.in_(language), "style": {"description_width": "initial"},
                 "layout": {"width": wide}}
        values = {name: other.value for name, other in self.controls.items()}
        if control.kind in ("choice", "choices", "span"):
            options = _options(control, values, language)
            kind = {"choice": ipywidgets.Dropdown, "choices": ipywidgets.SelectMultiple,
                    "span": ipywidgets.SelectionRangeSlider}[control.kind]
            more = {"continuous_update": False} if control.kind == "span" else {}
            more |= {"rows": 4} if control.kind == "choices" else {}
            return kind(options=options, value=control.value, **shown, **more)
        if control.kind == "search":
            return ipywidgets.Combobox(value=control.value, options=list(control.options), ensure_option=False,
                                       continuous_update=False, placeholder="…", **shown)
        if control.kind == "share":
            return ipywidgets.BoundedFloatText(value=control.value * 100, min=0, max=100, step=0.05,
                                               continuous_update=False, **shown)
        if control.kind == "count":
            return ipywidgets.BoundedIntText(value=control.value, min=1, max=10_000, continuous_update=False, **shown)
        if control.kind == "day":
            return ipywidgets.DatePicker(value=control.value, **shown)
        return ipywidgets.Checkbox(value=control.value, indent=False, **shown)


def _options(control: Control, values: Mapping, language: str) -> list[tuple[str, object]]:
    """(what is read, the value) of each option."""
    options = control.options(values) if callable(control.options) else control.options
    name = control.room if callable(control.room) else functools.partial(words.named, control.room)
    return [((say("explore.any") if option == ANY else name(option)).in_(language), option) for option in options]


def _kept(control: Control, value: object, allowed: Sequence) -> object:
    """The value where the new options still hold it, else the control's first one or all of the span."""
    if control.kind == "span":
        return value if set(value) <= set(allowed) else (allowed[0], allowed[-1])
    return value if control.kind == "choices" or value in allowed else control.value


def _taken(control: Control, value: object) -> object:
    """A widget's value as the function takes it."""
    if control.kind == "share":
        return value / 100
    return value.strip() if control.kind == "search" else value


# ---------------------------------------------------------------------------------------------------- drawing

@functools.cache
def _charts():
    """A widget without a face that gives the browser Vega once a kernel, from the bundle that pages use too."""
    import anywidget

    from workbench.page import drawing

    class Charts(anywidget.AnyWidget):
        _esm = drawing.bundle() + "\nexport default { initialize() {}, render() {} };"

    return Charts()


def _view():
    import anywidget
    import traitlets

    _charts()
    folder = files("workbench") / "explore"

    class View(anywidget.AnyWidget):
        _esm = (folder / "view.js").read_text("utf-8")
        _css = (folder / "view.css").read_text("utf-8")
        parts = traitlets.List().tag(sync=True)
        run = traitlets.Int(0).tag(sync=True)
        picked = traitlets.Dict().tag(sync=True)
        chosen = traitlets.Dict().tag(sync=True)  # field -> the value that a control holds: its rows are marked

    return View()
