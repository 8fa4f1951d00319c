import numpy as np
import pytest
from statsmodels.stats.rates import confint_poisson

from workbench import rates


@pytest.mark.parametrize("count", [0, 1, 3, 30, 400])
def test_single_unit_clusters_give_garwoods_exact_interval(count):
    low, high = rates.clustered(np.array([count]), np.array([1000]))
    exact = confint_poisson(count, 1000, method="exact-c")
    assert [low[0], high[0]] == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_zero_in_a_thousand_is_below_four_in_a_thousand():
    low, high = rates.clustered(np.array([0]), np.array([1000]))
    assert low[0] == 0 and high[0] == pytest.approx(0.003689, abs=1e-6)


def test_one_event_of_sixteen_units_is_far_less_certain_than_sixteen_events():
    one = rates.clustered(np.array([16]), np.array([10000]), mean_size=16, dispersion=16)
    many = rates.clustered(np.array([16]), np.array([10000]))
    assert one.low[0] < many.low[0] and one.high[0] > 2 * many.high[0]


def test_nothing_handled_is_unknown():
    assert np.isnan(rates.clustered(np.array([0]), np.array([0]))).all()


@pytest.mark.parametrize(("units", "rate"), [(2_000, 0.003), (20_000, 0.003), (100_000, 0.001)])
def test_a_months_interval_covers_the_truth_when_losses_are_clustered(units, rate):
    """A month's interval, with the cluster sizes of its year; few events make it wider than need be, never narrower."""
    rng = np.random.default_rng(11)
    sizes = np.array([1, 1, 1, 1, 2, 2, 3, 5, 8, 16])
    covered, runs = 0, 800
    for _ in range(runs):
        month, rest = (rng.choice(sizes, rng.poisson(months * units * rate / sizes.mean())) for months in (1, 11))
        mean, dispersion = rates.cluster_moments(np.concatenate([month, rest]))
        low, high = rates.clustered(np.array([month.sum()]), np.array([units]), mean_size=mean, dispersion=dispersion)
        covered += low[0] <= rate <= high[0]
    assert covered / runs > 0.93
