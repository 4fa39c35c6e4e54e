"""What the service counts of itself, for Prometheus. No label ever carries anything of a person.

Every label is a word of ours: a route's template, a method, a status, a stable code, a version. An address
that no route has is one label, `unmatched`.
"""
