"""What the holder of a certificate sees of their own, and shows to others.

In order: `identity` says who holds what from a code and a document, `visits` lets them in for some minutes,
`own` gathers what is theirs, `windows` says how long the subsidy waits, `reads` who looked, `overview` puts
it together; `papers` makes PDF and card, `links` what a holder gives away for a while; `words` says it all.
"""
