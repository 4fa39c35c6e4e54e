"""Subsidy eligibility: pure rules over a verdict, facts with their sources, and a dated policy."""
