"""The auditor: reads a published log and trusts nobody, least of all the service that published it.

Pure but for `html`, which reads its own template: bytes come through a `verify.source`, the time is an
argument. `run.audit` asks every detector and answers with a report; each detector is a module of its own:
`walk` (bytes, chain, tree), `leftovers` (files beside), `signatures` (lines of the checkpoint), `replay` (who
may say what), `rules` (what only the whole shows), `since` (forks, rollbacks, back-dating), `status` (the
bundle others rely on), `evidence` (results behind the commitments), `signals` (for a person to look at).
"""
