"""Holm and BH against statsmodels, and what they do with tests that have no p-value."""

import numpy as np
import pytest
from statsmodels.stats.multitest import multipletests

from weighbridge.stats.multiplicity import benjamini_hochberg, e_benjamini_hochberg, holm


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("ours, theirs", [(holm, "holm"), (benjamini_hochberg, "fdr_bh")])
def test_adjusted_p_values_are_those_of_statsmodels(seed, ours, theirs):
    p = np.random.default_rng(seed).beta(0.4, 2, 48)
    np.testing.assert_allclose(ours(p), multipletests(p, method=theirs)[1])


@pytest.mark.parametrize("adjust", [holm, benjamini_hochberg])
def test_a_test_without_estimate_is_not_counted(adjust):
    p = np.array([0.01, np.nan, 0.04, np.nan])
    adjusted = adjust(p)
    np.testing.assert_allclose(adjusted[[0, 2]], adjust(p[[0, 2]]))
    assert np.isnan(adjusted[[1, 3]]).all()


def test_e_bh_claims_only_what_the_evidence_carries():
    assert e_benjamini_hochberg(np.array([100.0, 50.0, 1.0, 0.2])).tolist() == [True, True, False, False]
    assert not e_benjamini_hochberg(np.array([30.0, 1.0, 1.0, 1.0])).any()
