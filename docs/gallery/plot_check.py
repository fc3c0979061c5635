"""
A claim, and a wrong version of it
==================================

A check explores the claim's domain and trains a network at every setting it looks at.
"""

from ftproofs import check, claims

right = check(claims["linear-endpoint"], settings=16, device="cpu")
print(right.word, "- smallest error that would have been seen:", right.experiment.smallest_error_seen)

# %%
# A wrong version of the same claim is refuted, with the simplest setting at which it fails:

variant = claims["linear-endpoint"].false_variants()[0]
wrong = check(variant, settings=16, device="cpu")
print(variant.title, "-", wrong.word)
print(wrong.experiment.simplest.setting.parameters)
print("observed", wrong.experiment.simplest.observed, "predicted", wrong.experiment.simplest.predicted)
