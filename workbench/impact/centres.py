"""How careless each fulfilment centre is, so that stock which moves to better centres is no success of an SOP.

The third margin of the untreated model: incidents of SKU i in period t at centre c without the SOP have mean
handled_itc * level_i * season_t * care_c. All three are fitted together, on rows without the SOP only; a centre's care is
drawn towards the others' by as much as they differ (gamma-Poisson), so one with few incidents counts as the others do. What
is not known of it stands in the interval (`estimate.impute`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from workbench import rates
from workbench.impact.estimate import Parts, over
from workbench.impact.panel import Rows

ROUNDS, CLOSE = 50, 1e-5
NOTHING = 1e-9  # incidents; fewer are none expected: where tables fall apart, the fit lets some go to 0


def parts(found: Rows, adopted: np.ndarray, length: int) -> Parts:
    """The rows by SKU, period of `length` days, centre and with or without the SOP."""
    period, on = (found.day - found.span[0]) // length, found.day >= adopted[found.sku]
    sizes = len(found.skus), int(period.max(initial=0)) + 1, int(found.center.max(initial=0)) + 1, 2
    code, keys = pd.factorize(np.ravel_multi_index((found.sku, period, found.center, on.astype(int)), sizes))
    sku, period, center, on = np.unravel_index(keys, sizes)
    incidents, handled = (np.bincount(code, values, len(keys)) for values in (found.incidents, found.handled))
    return Parts(sku, period, center, on.astype(bool), incidents, np.maximum(handled, 0), found.prior)


def standardised(found: Rows, adopted: np.ndarray, length: int) -> Rows:
    """The rows with units handled weighed by their centre's care, and the prior that it was drawn by."""
    told = parts(found, adopted, length)
    free = told.only(~told.on)
    shape = len(found.skus), int(told.period.max(initial=0)) + 1
    cell, centers = free.sku * shape[1] + free.period, int(found.center.max(initial=-1)) + 1
    seen = np.bincount(free.center, free.incidents, centers)
    incidents = np.bincount(cell, free.incidents, shape[0] * shape[1]).reshape(shape)
    care, season, prior = np.ones(centers), np.ones(shape[1]), np.inf
    for _ in range(ROUNDS):
        handled = np.bincount(cell, free.handled * care[free.center], shape[0] * shape[1]).reshape(shape)
        for _ in range(2):
            level = over(incidents.sum(axis=1), handled @ season, 0.0)
            season = over(incidents.sum(axis=0), level @ handled, 0.0)
        expected = np.bincount(free.center, free.handled * (level[free.sku] * season[free.period]), centers)
        drawn = rates.shrunk(seen, np.where(expected > NOTHING, expected, 0.0))
        if not drawn.mean > 0:
            return found
        new, prior = drawn.rate / drawn.mean, drawn.mean**2 / drawn.spread if drawn.spread else np.inf
        moved = float(np.abs(new - care).max())
        care = new
        if moved < CLOSE:
            break
    return replace(found, handled=found.handled * care[found.center], prior=prior)
