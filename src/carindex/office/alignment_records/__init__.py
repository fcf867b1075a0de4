"""Records of alignment: accredited laboratories, verdicts on equivalence, agreements, groups, meetings, papers."""
