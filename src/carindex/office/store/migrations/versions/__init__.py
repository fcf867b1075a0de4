"""One file a step; the name of a step says its subject and number (``panel_1``)."""
