import numpy as np
import pytest
from statsmodels.stats.rates import confint_poisson

from benchmarks import rates as benchmark
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
    one = rates.clustered(np.array([16]), np.array([10000]), rates.cluster_moments(np.array([16])))
    many = rates.clustered(np.array([16]), np.array([10000]), rates.cluster_moments(np.ones(16)))
    assert one.low[0] < many.low[0] and one.high[0] > 2 * many.high[0]


def test_one_cluster_alone_has_a_limit_all_the_same():
    """All that is known: what it says of the dispersion is next to nothing."""
    alone = rates.cluster_moments(np.array([2]))._replace(handled=1000.0)
    low, high = rates.clustered(np.array([2.0]), np.array([1000.0]), alone)
    assert np.isfinite(high).all() and high[0] > 0.05 and low[0] < 1e-6


SIXES = rates.cluster_moments(np.full(500, 6))  # dispersion 6: counts of clusters are Poisson, six units each


def test_after_nothing_lost_three_clusters_are_the_limit():
    """The mid-P limit, which halves the chance of none: e^-2.996 / 2 = 2.5 %."""
    low, high = rates.clustered(np.array([0.0]), np.array([1000.0]), SIXES)
    assert low[0] == 0 and high[0] == pytest.approx(6 * 2.996 / 1000, rel=0.02)


@pytest.mark.parametrize(("number", "below"), [(2, 0.05), (3, 0.05), (5, 0.05), (10, 0.025), (50, 0.025)])
def test_the_limits_of_so_many_clusters_are_their_mid_p_limits(number, below):
    """With both tails below where no loss at all leaves the rate inside, which then is missed by too many losses only."""
    from scipy.optimize import brentq
    from scipy.stats import poisson

    def mid_p(chance):
        return brentq(lambda mean: poisson.cdf(number - 1, mean) + poisson.pmf(number, mean) / 2 - chance, 0.01, 200)

    found = rates.clustered(np.array([6.0 * number]), np.array([1000.0]), SIXES)
    assert found.low[0] == pytest.approx(6 * mid_p(1 - below) / 1000, rel=0.02)
    assert found.high[0] == pytest.approx(6 * mid_p(0.025) / 1000, rel=0.015)


def test_equal_clusters_are_covered_95_times_in_100_on_average_and_88_at_worst():
    """Exactly, over rates from a fiftieth of a cluster to six: counts jump, so no limits give the same at all rates."""
    from scipy.stats import poisson

    number, means = np.arange(60.0), np.geomspace(0.02, 6, 400)
    low, high = rates.clustered(6 * number, np.ones(60), SIXES)
    inside = (low[:, None] <= 6 * means) & (6 * means <= high[:, None])
    covered = (inside * poisson.pmf(number[:, None], means)).sum(axis=0)
    assert covered.min() > 0.88 and 0.95 < covered.mean() < 0.965


def test_a_pair_among_many_single_losses_moves_the_exact_limits_a_little_only():
    units, handled = np.array([0.0, 1, 3, 30]), np.full(4, 1000.0)
    exact, nearly = (rates.clustered(units, handled, rates.cluster_moments(sizes))
                     for sizes in (np.ones(400), np.r_[2, np.ones(398)]))
    assert nearly.low[1:] == pytest.approx(exact.low[1:], rel=0.03) and nearly.high == pytest.approx(exact.high, rel=0.01)


@pytest.mark.parametrize("sizes", list(benchmark.SIZES))
def test_more_losses_never_lower_a_limit(sizes):
    clusters = rates.cluster_moments(np.tile(benchmark.SIZES[sizes], 3))._replace(unrest=1e-4, seen=12, handled=30_000.0)
    low, high = rates.clustered(np.arange(300.0), np.full(300, 3000.0), clusters)
    assert (np.diff(low) >= 0).all() and (np.diff(high) > 0).all() and (low <= np.arange(300) / 3000).all()


def test_nothing_handled_is_unknown():
    assert np.isnan(rates.clustered(np.array([0]), np.array([0]))).all()


@pytest.mark.parametrize("restless", [0.0, 0.1])
@pytest.mark.parametrize("sizes", list(benchmark.SIZES))
def test_intervals_cover_the_truth_when_losses_are_clustered_and_months_restless(sizes, restless):
    """In a few hundred sellers, so with some room; the figures of thousands stand in docs/statistics.md."""
    month, year, centre, _ = benchmark.covers(benchmark.Line(200_000, sizes=sizes, restless=restless), 300, seed=11)
    assert 0.92 <= year <= 0.985 and 0.93 <= month <= 0.985 and 0.945 <= centre <= 0.975


@pytest.mark.parametrize("sizes", ["clusters 1-16", "heavy tail"])
def test_the_intervals_of_thin_months_and_centres_do_not_cover_too_much(sizes):
    """Less than one cluster a month, half a cluster a centre and year."""
    month, year, centre, _ = benchmark.covers(benchmark.Line(10_000, sizes=sizes), 300, seed=12)
    assert 0.955 <= month <= 0.98 and 0.955 <= centre <= 0.98 and year >= 0.9


def test_few_clusters_make_the_interval_wider_than_their_dispersion_alone():
    few, many, part = (rates.clustered(np.array([40.0]), np.array([10_000.0]),
                                       rates.cluster_moments(np.tile([1, 3, 16], n))._replace(handled=handled))
                       for n, handled in ((2, 10_000.0), (200, 10_000.0), (2, 500_000.0)))
    assert few.high[0] - few.low[0] > 1.5 * (many.high[0] - many.low[0])
    assert part.high[0] == pytest.approx(many.high[0], rel=0.01)  # a small part of all that was handled


def test_months_that_swing_widen_a_months_interval_more_than_a_small_centres():
    swing = rates.restless(rates.ALONE, np.tile([10.0, 60.0], 6), np.full(12, 10_000.0))
    month = rates.clustered(np.array([35.0]), np.array([10_000.0]), swing)
    plain = rates.clustered(np.array([35.0]), np.array([10_000.0]))
    centre = rates.clustered(np.array([35.0]), np.array([10_000.0]), swing, months=12)
    assert month.high[0] > centre.high[0] > plain.high[0]


def test_a_steady_trend_is_no_unrest_and_seven_months_are_too_few_to_tell():
    trend = rates.restless(rates.ALONE, np.linspace(10, 60, 12), np.full(12, 10_000.0))
    short = rates.restless(rates.ALONE, np.array([10.0, 60, 10, 60, 10, 60, 10]), np.full(7, 10_000.0))
    assert (trend.unrest, short.unrest, short.months) == (0, 0, 7)


@pytest.mark.parametrize(("count", "low", "high"), [(0, 0, 0.003689), (3, 0.000619, 0.008767), (30, 0.002024, 0.004283)])
def test_the_golden_intervals_of_single_losses(count, low, high):
    found = rates.clustered(np.array([count]), np.array([10_000 if count == 30 else 1000]))
    assert [found.low[0], found.high[0]] == pytest.approx([low, high], abs=1e-6)


@pytest.mark.parametrize(("method", "low", "high"), [
    ("wilson", 0.001021, 0.008783), ("beta", 0.000619, 0.008742), ("jeffreys", 0.000846, 0.007984)])
def test_the_golden_intervals_of_a_share_are_beside_ours(method, low, high):
    from statsmodels.stats.proportion import proportion_confint

    assert list(proportion_confint(3, 1000, method=method)) == pytest.approx([low, high], abs=1e-6)
    ours = rates.clustered(np.array([3]), np.array([1000]))
    assert ours.low[0] == pytest.approx(low, rel=0.7) and ours.high[0] == pytest.approx(high, rel=0.1)


def test_a_rate_is_drawn_to_the_mean_the_more_the_thinner_its_data():
    thin, thick = (rates.shrunk(np.array([0.0, 12.0, 3.0, n]), np.array([1000.0, 1000, 1000, n * 100])).rate[3]
                   for n in (1.0, 100.0))
    assert abs(thick - 0.01) < abs(thin - 0.01)


def test_rates_that_differ_by_chance_alone_are_all_the_same():
    found = rates.shrunk(np.array([3.0, 3.0, 3.0]), np.array([1000.0, 1000.0, 1000.0]))
    assert found.rate.tolist() == pytest.approx([0.003] * 3)
    assert found.above(0.003).tolist() == pytest.approx([0.5] * 3, abs=0.1)  # as well known as nine losses in 3,000
    assert (found.above(0.008) < 0.025).all()


def test_nothing_handled_anywhere_has_no_rate():
    assert np.isnan(rates.shrunk(np.array([0.0]), np.array([0.0])).rate).all()
    assert np.isnan(rates.worse(np.array([0.0, 0.0]), np.array([0.0, 0.0]))).all()


def test_worse_than_the_others_is_the_exact_conditional_test_of_two_poisson_rates():
    from statsmodels.stats.rates import test_poisson_2indep as compared

    exact = compared(9, 1000, 3, 2000, method="exact-cond", alternative="larger").pvalue
    assert rates.worse(np.array([9.0, 3.0]), np.array([1000.0, 2000.0]))[0] == pytest.approx(exact, rel=1e-9)


def test_the_golden_rate_ratio_of_two_periods():
    from statsmodels.stats.rates import confint_poisson_2indep
    from statsmodels.stats.rates import test_poisson_2indep as compared

    low, high = confint_poisson_2indep(30, 10_000, 12, 10_000, method="score", compare="ratio")
    assert [low, high] == pytest.approx([1.295, 4.825], abs=5e-4)
    assert compared(30, 10_000, 12, 10_000, method="etest-score").pvalue == pytest.approx(0.00514, abs=1e-5)


@pytest.mark.parametrize(("level", "enough"), [(0.90, 999), (0.95, 1230)])
def test_no_loss_among_so_many_units_is_what_it_takes_to_say_below_three_in_a_thousand(level, enough):
    """One-sided 95 % is the upper end of a two-sided 90 %."""
    high = rates.clustered(np.zeros(2), np.array([enough - 1.0, enough]), level=level).high
    assert high[0] > 0.003 > high[1]


def test_the_golden_sizes_of_samples_that_would_see_a_rate_halved():
    from statsmodels.stats.rates import power_poisson_ratio_2indep as power

    told = [power(rate, 2 * rate, units, value=1, alternative="two-sided", return_results=False)
            for rate, units in ((0.003, 8170), (0.0015, 16340))]
    assert told == pytest.approx([0.8, 0.8], abs=0.001)


@pytest.mark.parametrize(("bad", "times"), [(0, 1.0), (3, 3.0)])
def test_flags_are_false_no_more_often_than_promised(bad, times):
    false, found, _ = benchmark.flags(benchmark.Line(1_000_000, bad=bad, times=times), 200, seed=7)
    assert false < 0.085 and (not bad or found > 0.5)


def test_a_centre_whose_months_swing_is_not_flagged_for_a_bad_one():
    """Centres all alike whose months vary by themselves: clusters alone explain too little."""
    false, _, _ = benchmark.flags(benchmark.Line(1_000_000, local=0.3), 150, seed=8)
    assert false < 0.095


def test_centres_that_differ_but_keep_their_rate_are_no_unrest():
    exposure = np.full((12, 2), 1000.0)
    assert rates.restless(rates.ALONE, np.tile([3.0, 30.0], (12, 1)), exposure).unrest == 0
    assert rates.restless(rates.ALONE, np.array([[3.0, 9], [9, 3]] * 6), exposure).unrest > 0


def test_what_lies_in_the_funnel_is_what_chance_gives():
    from scipy.stats import poisson

    low, high = rates.funnel(np.array([1000.0]), 0.003)
    assert low[0] < 0.003 < high[0] and poisson.sf(np.ceil(high[0] * 1000) - 1, 3) < 0.06


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
