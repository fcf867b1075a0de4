"""The pages, one module a subject: each finds what a view needs and hands it to a template; no rule stands here."""
