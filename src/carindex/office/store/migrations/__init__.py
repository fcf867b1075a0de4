"""Steps that bring the tables of an office from one form to the next."""
