"""The subsidy: what the desk decides and an officer signs (`desk`), the reviewer's part, and the holds."""
