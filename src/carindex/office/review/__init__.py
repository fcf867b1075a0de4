"""Review of assessments by experts: assigned, discussed, approved or objected, discretionary modifiers voted on.

The numbers (how many reviewers, quorum, regions, majority) are the organisation's (`ReviewRules`, set as data).
"""
