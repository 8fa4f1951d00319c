"""Pictures drawn beside: the same bytes as drawn here, and none lost when the process that draws is."""

import re
import subprocess
import sys

import psutil
import pytest

from workbench import pictures


def bars(label):
    encoding = {"y": {"field": "a", "type": "nominal"}, "x": {"field": "b", "type": "quantitative"}}
    return {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", "data": {"values": [{"a": label, "b": 1.5}]},
            "mark": "bar", "encoding": encoding}


def without_numbers(svg):
    """Vega numbers its clip paths over the whole process."""
    return re.sub(r"clip\d+", "clip", svg)


def test_a_chart_is_the_same_picture_wherever_it_is_drawn():
    specs = [bars("lost </script> \n'\""), bars("仓库丢失")]
    with pictures.Ahead() as ahead:
        ahead.begin(specs)
        ahead.begin(specs[:1])
        beside = [without_numbers(ahead.drawn(spec)) for spec in specs]
    assert beside == [without_numbers(pictures.drawn(spec)) for spec in specs]
    assert "仓库丢失</text>" in beside[1]


def test_charts_of_a_process_that_died_are_drawn_here_and_the_next_ones_by_another():
    with pictures.Ahead() as ahead:
        first = pictures._beside()
        first.process.kill()
        ahead.begin([bars("a")])
        assert "a</text>" in ahead.drawn(bars("a"))
    first.process.wait()
    with pictures.Ahead() as ahead:
        ahead.begin([bars("a")])
        assert ahead._begun.popitem()[1].result().startswith("<svg") and pictures._beside() is not first


def test_what_cannot_be_drawn_is_an_error_and_stops_no_other():
    with pictures.Ahead() as ahead:
        ahead.begin([{"mark": "no such mark"}, bars("a")])
        with pytest.raises(ValueError):
            ahead.drawn({"mark": "no such mark"})
        assert "a</text>" in ahead.drawn(bars("a"))


def test_a_process_that_was_killed_leaves_none_that_draws():
    code = f"from workbench import pictures\nahead = pictures.Ahead()\nahead.begin([{bars('a')}] * 3)\n" \
        "print(pictures._beside().process.pid, flush=True)\nimport time\ntime.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as run:
        drawing = psutil.Process(int(run.stdout.readline()))
        run.kill()
    drawing.wait(timeout=60)
    assert not drawing.is_running()
