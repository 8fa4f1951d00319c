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


@pytest.mark.parametrize(("units", "rate"), [(10_000, 0.003), (50_000, 0.003)])
def test_a_years_own_clusters_are_not_taken_at_their_word(units, rate):
    rng = np.random.default_rng(5)
    covered = 0
    for _ in range(400):
        sizes = rng.choice([1, 1, 1, 1, 2, 2, 3, 5, 8, 16], rng.poisson(units * rate / 4))
        mean, dispersion = rates.cluster_moments(sizes)
        low, high = rates.clustered(np.array([sizes.sum()]), np.array([units]), mean_size=mean, dispersion=dispersion)
        covered += low[0] <= rate <= high[0]
    assert covered / 400 > (0.86 if units == 10_000 else 0.92)


def test_a_rate_is_drawn_to_the_mean_the_more_the_thinner_its_data():
    thin, thick = (rates.shrunk(np.array([0.0, 12.0, 3.0, n]), np.array([1000.0, 1000, 1000, n * 100])).rate[3]
                   for n in (1.0, 100.0))
    assert abs(thick - 0.01) < abs(thin - 0.01)


def test_rates_that_differ_by_chance_alone_are_all_the_same():
    found = rates.shrunk(np.array([3.0, 3.0, 3.0]), np.array([1000.0, 1000.0, 1000.0]))
    assert found.rate.tolist() == pytest.approx([0.003] * 3)
    assert found.above(0.003).tolist() == pytest.approx([0.5] * 3, abs=0.1)  # as well known as nine losses in 3,000
    low, high = found.interval()
    assert (low < 0.003).all() and (high > 0.003).all() and (high < 0.008).all()


def test_nothing_handled_anywhere_has_no_rate():
    assert np.isnan(rates.shrunk(np.array([0.0]), np.array([0.0])).rate).all()
    assert np.isnan(rates.worse(np.array([0.0, 0.0]), np.array([0.0, 0.0]))).all()


def test_the_excess_of_single_losses_is_the_exact_poisson_tail():
    from scipy.stats import poisson

    assert rates.excess(np.array([9.0]), np.array([1000.0]), 0.003)[0] == pytest.approx(poisson.sf(8, 3))


def test_worse_than_the_others_is_the_exact_conditional_test_of_two_poisson_rates():
    from statsmodels.stats.rates import test_poisson_2indep as compared

    exact = compared(9, 1000, 3, 2000, method="exact-cond", alternative="larger").pvalue
    assert rates.worse(np.array([9.0, 3.0]), np.array([1000.0, 2000.0]))[0] == pytest.approx(exact, rel=1e-9)


def test_the_golden_rate_ratio_of_two_periods():
    from statsmodels.stats.rates import confint_poisson_2indep

    low, high = confint_poisson_2indep(30, 10_000, 12, 10_000, method="score", compare="ratio")
    assert [low, high] == pytest.approx([1.295, 4.825], abs=5e-4)


@pytest.mark.parametrize(("bad", "times"), [(0, 1.0), (3, 3.0)])
def test_flags_are_false_no_more_often_than_promised(bad, times):
    rng, false = np.random.default_rng(7), []
    for _ in range(300):
        size = rng.dirichlet(np.full(20, 2.0)) * 200_000
        true = np.where(np.arange(20) < bad, 0.003 * times, 0.003)
        sizes = [rng.choice([1, 1, 2, 4], rng.poisson(n * r / 2)) for n, r in zip(size, true, strict=True)]
        dispersion = rates.cluster_moments(np.concatenate(sizes))[1]
        flags = rates.flagged(rates.worse(np.array([each.sum() for each in sizes]), size, dispersion=dispersion))
        false.append(flags[bad:].sum() / max(flags.sum(), 1))
    assert np.mean(false) < 0.075


def test_what_lies_in_the_funnel_is_what_chance_gives():
    low, high = rates.funnel(np.array([1000.0]), 0.003)
    assert low[0] < 0.003 < high[0] and rates.excess(np.array([high[0] * 1000]), np.array([1000.0]), 0.003)[0] < 0.06


def test_a_large_exposure_does_not_make_chance_a_signal_and_a_jump_is_one():
    rng = np.random.default_rng(3)
    exposure = np.full(30, 100_000.0)
    restless = rng.normal(0.003, 0.0004, 30) * exposure
    assert not rates.control(restless, exposure).outside.any()
    assert rates.control(np.where(np.arange(30) == 20, 900, restless), exposure).outside[20]


def test_a_new_phase_keeps_the_old_limits_until_it_has_eight_points():
    counts, exposure = np.array([3.0, 4, 2, 5, 3, 4, 2, 5, 20, 21]), np.full(10, 1000.0)
    found = rates.control(counts, exposure, np.array([0] * 8 + [1] * 2))
    assert found.center[9] == found.center[0] and found.outside.tolist() == [False] * 8 + [True] * 2
    assert np.isnan(rates.control(counts[:5], exposure[:5]).center).all()
