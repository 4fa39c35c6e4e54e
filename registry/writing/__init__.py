"""How an act enters the log, in the order it happens: the one way in is `submit`.

`item` and `checking` before the lock; `group_commit` gathers what arrives together; `appending` is the one
transaction, with `effects` for what a kind does beside its facts, and `kept_facts` for what the judge asked
for last; `work` carries each item to its answer.
"""
