"""The API under ``/api/v1``: the JSON of the command line, with tokens, pages by cursor, ETags and limits."""
