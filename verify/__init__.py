"""Why you may believe it: evidence, trust and a time go in, a verdict with reasons comes out.

Needs no database, no server and no clock of its own. The phone page, `malan-verify`, the service and the
auditor run the very same steps. Subsidy eligibility lives here: pure rules fed by a verdict. Imports `ledger`
and `issuers`.
"""
