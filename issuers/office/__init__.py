"""Files as offices export them: strict CSV in, rosters and score sheets read row by row, safe CSV out."""
